import {isDeepStrictEqual} from 'node:util'
import type {ServiceSpec} from '@omni-cli/sdk'

/** Whether two specs run the same thing; how often is left out. */
export const isSameVersion = (a: ServiceSpec, b: ServiceSpec): boolean =>
  isDeepStrictEqual(withoutCount(a), withoutCount(b))

/**
 * How many replicas a deploy asks for. `auto` keeps the number there is. So does a declaration of 1 that has not
 * changed: 1 is what a file without `replicas` says, and a scaling by hand must survive the next version.
 */
export function wantedReplicas(
  spec: ServiceSpec,
  before: {readonly spec: ServiceSpec; readonly desired: number} | undefined,
): number {
  const current = before === undefined || before.desired === 0 ? undefined : before.desired
  if (spec.replicas === 'auto') return current ?? 1
  return spec.replicas === 1 && before?.spec.replicas === 1 && current !== undefined ? current : spec.replicas
}

const SECRET = /\$\{secrets\.([^}]*)\}/g

/** Keys of secrets that the environment asks for, sorted. */
export const secretKeys = (spec: ServiceSpec): string[] =>
  [
    ...new Set(Object.values(spec.env).flatMap((value) => [...value.matchAll(SECRET)].map((match) => match[1] ?? ''))),
  ].sort()

/** Undefined members say nothing, and stored specs have lost them. */
function withoutCount({replicas: _, ...spec}: ServiceSpec): unknown {
  return JSON.parse(JSON.stringify(spec)) as unknown
}
