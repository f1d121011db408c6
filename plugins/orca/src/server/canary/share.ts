import type {Replica} from '../replica.ts'
import type {CanaryRow, ServiceRow} from '../store/services.ts'

/** Replicas of a canary beside `desired` stable ones: its share of them, rounded up, at least one. */
export const canaryCount = (desired: number, weight: number): number =>
  Math.max(1, Math.ceil((desired * Math.min(100, Math.max(0, weight))) / 100))

/** Weights of one stable and of one canary target, smallest whole numbers. */
export interface Weights {
  readonly stable: number
  readonly canary: number
}

/**
 * Weights of single targets, so that all canary ones together get `percent` of the requests, however many there are of
 * each. When one side has no target, the other one gets everything.
 */
export function weightsOf(percent: number, targets: {readonly stable: number; readonly canary: number}): Weights {
  // Without stable targets a canary of 0 % stays closed to all but those who ask for it.
  if (targets.canary === 0) return {stable: 1, canary: 0}
  if (targets.stable === 0) return {stable: 0, canary: percent === 0 ? 0 : 1}
  const stable = (100 - percent) * targets.canary
  const canary = percent * targets.stable
  const divisor = greatestCommonDivisor(stable, canary)
  return {stable: stable / divisor, canary: canary / divisor}
}

const greatestCommonDivisor = (a: number, b: number): number => (b === 0 ? a : greatestCommonDivisor(b, a % b))

export type WithCanary = ServiceRow & {readonly release: string; readonly canary: CanaryRow}

export const hasCanary = (row: ServiceRow): row is WithCanary => row.canary !== undefined && row.release !== undefined

/** The replicas that are not the canary's, and those that are. */
export function bySide<T extends {readonly plan: Pick<Replica['plan'], 'release'>}>(
  replicas: readonly T[],
  canary: Pick<CanaryRow, 'release'> | undefined,
): {readonly stable: readonly T[]; readonly canary: readonly T[]} {
  if (canary === undefined) return {stable: replicas, canary: []}
  const isCanary = ({plan}: T) => plan.release === canary.release
  return {stable: replicas.filter((replica) => !isCanary(replica)), canary: replicas.filter(isCanary)}
}

/** What is wanted of a service, as rows of one release each: the stable one, then its canary. Stopped ones want nothing. */
export function wantedSides(row: ServiceRow): (ServiceRow & {readonly release: string})[] {
  const {release, canary} = row
  if (row.state === 'stopped' || release === undefined) return []
  const stable = {...row, release}
  if (canary === undefined) return [stable]
  const desired = canaryCount(row.desired, canary.weight)
  return [stable, {...row, release: canary.release, spec: canary.spec, desired}]
}
