import {formatBytes, formatDuration, type Service} from '@omni-cli/sdk'

/** Figures of a service over all its replicas; '' where nothing is known. */
export interface Usage {
  readonly cpu: string
  readonly memory: string
  /** Age of the oldest ready replica. */
  readonly uptime: string
  readonly restarts: number
}

/** Adds up what the replicas use. */
export function usageOf(service: Pick<Service, 'replicas'>, now: number): Usage {
  const cpu = sum(service.replicas.map(({cpuPercent}) => cpuPercent))
  const memory = sum(service.replicas.map(({memoryBytes}) => memoryBytes))
  const starts = service.replicas
    .filter(({status}) => status === 'ready')
    .flatMap(({startedAt}) => (startedAt === undefined ? [] : [Date.parse(startedAt)]))
  return {
    cpu: cpu === undefined ? '' : `${cpu < 10 ? cpu.toFixed(1) : Math.round(cpu)}%`,
    memory: memory === undefined ? '' : formatBytes(memory),
    uptime: starts.length === 0 ? '' : formatDuration(Math.max(0, now - Math.min(...starts))),
    restarts: service.replicas.reduce((total, {restarts}) => total + restarts, 0),
  }
}

function sum(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined)
  return known.length === 0 ? undefined : known.reduce((total, value) => total + value, 0)
}
