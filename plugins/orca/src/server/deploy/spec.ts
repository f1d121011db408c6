import {isDeepStrictEqual} from 'node:util'
import {autoscaleSpec, deploySpec, type ServiceSpec, serviceSpec} from '@omni-cli/sdk'
import {referencesOf} from '../../secrets/reference.ts'
import {isScheduled} from '../cron/triggers.ts'

/** Whether two specs are the same in all but how often they run: whatever else differs makes a new release. */
export const isSameVersion = (a: ServiceSpec, b: ServiceSpec): boolean => isDeepStrictEqual(canonical(a), canonical(b))

/** Whether two specs run the same thing; how versions change is left out too. */
export const isSameWorkload = (a: ServiceSpec, b: ServiceSpec): boolean =>
  isSameVersion({...a, deploy: undefined}, {...b, deploy: undefined})

/**
 * How many replicas a deploy asks for. `auto` keeps the number there is, within its limits. So does a declaration of 1
 * that has not changed: 1 is what a file without `replicas` says, and a scaling by hand must survive the next version.
 * What cron triggers start has none.
 */
export function wantedReplicas(
  spec: ServiceSpec,
  before: {readonly spec: ServiceSpec; readonly desired: number} | undefined,
): number {
  const current = before === undefined || before.desired === 0 ? undefined : before.desired
  if (isScheduled(spec)) return 0
  if (spec.replicas === 'auto') {
    const {min, max} = autoscaleSpec.parse(spec.autoscale ?? {})
    return Math.min(max, Math.max(min, current ?? min))
  }
  return spec.replicas === 1 && before?.spec.replicas === 1 && current !== undefined ? current : spec.replicas
}

/** Keys of secrets that the environment asks for, sorted. */
export const secretKeys = (spec: ServiceSpec): string[] => referencesOf(spec.env)

/** Undefined members say nothing, stored specs have lost them, and those of an older version have not all defaults. */
function canonical({replicas: _, autoscale: __, ...spec}: ServiceSpec): unknown {
  const plain = JSON.parse(JSON.stringify({...spec, deploy: spec.deploy ?? {}}, withoutNulls)) as unknown
  const parsed = serviceSpec.safeParse(plain)
  if (!parsed.success) return plain
  const {replicas: ___, ...filled} = parsed.data
  return JSON.parse(JSON.stringify({...filled, deploy: deploySpec.parse(filled.deploy ?? {})})) as unknown
}

const withoutNulls = (_: string, value: unknown): unknown => (value === null ? undefined : value)
