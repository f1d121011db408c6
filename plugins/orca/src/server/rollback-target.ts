import type {ReleaseRow} from './store/releases.ts'

/**
 * The release to go back to: the named one, else the good one before the active one.
 * @param releases newest first
 */
export function rollbackTarget(
  releases: readonly ReleaseRow[],
  {active, to}: {readonly active: string | undefined; readonly to: string | undefined},
): ReleaseRow | undefined {
  if (to !== undefined) return releases.find(({id}) => id === to)
  const current = releases.find(({id}) => id === active)?.number ?? Number.POSITIVE_INFINITY
  return releases.find(({number, status}) => number < current && status === 'superseded')
}
