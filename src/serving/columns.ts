import {formatBytes, formatDuration, type ServedModel, type Service} from '@omni-cli/sdk'
import type {Column} from '@omni-cli/sdk/cli'
import {STATUS_TONE, urlOf} from '../apps/service-view.ts'

/** Services where some serve models; applications beside them have no model. */
export const SERVED_COLUMNS: readonly Column<Service>[] = [
  {header: 'NAMESPACE', value: ({project}) => project},
  {header: 'NAME', value: ({name}) => name},
  {header: 'MODEL', value: ({serving}) => serving?.model},
  {header: 'RUNTIME', value: ({serving}) => serving?.runtime, optional: true},
  {header: 'REPLICAS', value: ({runningReplicas, desiredReplicas}) => `${runningReplicas}/${desiredReplicas}`},
  {header: 'STATUS', value: ({status}) => status, tone: ({status}) => STATUS_TONE[status]},
  {header: 'AGE', value: ({createdAt}) => ageOf(createdAt), align: 'right'},
  {header: 'URL', value: urlOf, wide: true, optional: true},
  {header: 'GPUS', value: ({serving}) => serving?.gpus || undefined, wide: true, optional: true, align: 'right'},
  {header: 'MEMORY', value: ({serving}) => memoryOf(serving), wide: true, optional: true, align: 'right'},
  {header: 'WHY NOT READY', value: ({serving}) => serving?.reason, wide: true, optional: true},
]

function ageOf(at: string | undefined): string | undefined {
  const ms = at === undefined ? Number.NaN : Date.now() - Date.parse(at)
  return Number.isNaN(ms) ? undefined : formatDuration(Math.max(0, ms))
}

/** What all replicas ask for together. */
function memoryOf(serving: ServedModel | undefined): string | undefined {
  const sum = (serving?.components ?? []).reduce(
    (total, {memoryBytes = 0, desired}) => total + memoryBytes * desired,
    0,
  )
  return sum === 0 ? undefined : formatBytes(sum)
}
