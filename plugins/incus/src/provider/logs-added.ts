/** So much of what was read is kept to find it again. */
const KEPT = 64 * 1024

/** What is new in a reading of a console. `isWhole`: it holds what was seen before too; else only what nobody has read yet. */
export function addedSince(
  seen: string,
  now: string,
  isWhole: boolean,
): {readonly added: string; readonly all: string} {
  const all = (isWhole ? now : seen + now).slice(-KEPT)
  const at = isWhole ? now.lastIndexOf(seen) : -1
  const added = at < 0 ? now : now.slice(at + seen.length)
  // At the end of a container its last lines are written down once more.
  return {added: isWhole && seen.endsWith(added) ? '' : added, all}
}
