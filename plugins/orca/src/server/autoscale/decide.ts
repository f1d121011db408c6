import {autoscaleSpec, type ServiceSpec} from '@omni-cli/sdk'

/** What was measured of a service at one moment. */
export interface Load {
  /** Milliseconds, of any clock that only goes forward. */
  readonly at: number
  /** Percent of one core, of each ready replica that was measured. */
  readonly cpuPercents: readonly number[]
  /** Requests under way at all ready replicas. */
  readonly inFlight: number
  readonly ready: number
}

export interface Limits {
  readonly min: number
  readonly max: number
  /** CPU of one replica that is aimed at, in percent of one core. */
  readonly cpuPercent: number
}

/** Limits of a service with `replicas = "auto"`; undefined for others. */
export function limitsOf(spec: Pick<ServiceSpec, 'replicas' | 'autoscale'>): Limits | undefined {
  if (spec.replicas !== 'auto') return undefined
  const {min, max, cpu_percent: cpuPercent} = autoscaleSpec.parse(spec.autoscale ?? {})
  return {min, max, cpuPercent}
}

export interface Advice {
  readonly at: number
  readonly replicas: number
  /** In words and figures. */
  readonly reason: string
}

/** Requests under way that one replica is meant to have: what waits for others uses no CPU, and is busy all the same. */
export const IN_FLIGHT_TARGET = 100
/** Differences below this share are left alone. */
const TOLERANCE = 0.1

/** How many replicas the load asks for: ⌈current × measured ÷ aimed at⌉ of the measure that asks for more. */
export function advise({at, cpuPercents, inFlight, ready}: Load, limits: Limits): Advice {
  const {min, max, cpuPercent} = limits
  const cpu = cpuPercents.length === 0 ? 0 : cpuPercents.reduce((sum, value) => sum + value, 0) / cpuPercents.length
  const measures = [
    {ratio: cpu / cpuPercent, text: `CPU ${Math.round(cpu)} % of ${cpuPercent} % a replica`},
    {
      ratio: ready === 0 ? 0 : inFlight / ready / IN_FLIGHT_TARGET,
      text: `${Math.round(ready === 0 ? 0 : inFlight / ready)} of ${IN_FLIGHT_TARGET} requests under way a replica`,
    },
  ]
  const [most] = measures.toSorted((a, b) => b.ratio - a.ratio)
  const {ratio = 0, text = ''} = most ?? {}
  const wanted = Math.abs(ratio - 1) <= TOLERANCE ? ready : Math.ceil(ready * ratio)
  return {at, replicas: Math.min(max, Math.max(min, wanted)), reason: text}
}

export interface Patience {
  /** Readings in a row that ask for more before there are more. */
  readonly upReadings: number
  /** How long all readings must ask for fewer before there are fewer. */
  readonly downMs: number
}

/**
 * Whether to change the number: up after some readings in a row, by what the last of them agree on; down only after a long
 * time, to the most that was asked for in it. Undefined: stay.
 * @param advices oldest first
 */
export function decide(
  advices: readonly Advice[],
  current: number,
  {upReadings, downMs}: Patience,
): Advice | undefined {
  const last = advices.slice(-upReadings)
  if (last.length === upReadings && last.every(({replicas}) => replicas > current)) {
    return last.toSorted((a, b) => a.replicas - b.replicas)[0]
  }
  const [oldest, newest] = [advices[0], advices.at(-1)]
  if (oldest === undefined || newest === undefined || newest.at - oldest.at < downMs) return undefined
  const [most] = advices.filter(({at}) => newest.at - at <= downMs).toSorted((a, b) => b.replicas - a.replicas)
  return most !== undefined && most.replicas < current ? most : undefined
}
