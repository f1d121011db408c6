/** So many letters of the new text are looked for in the old one. */
const PROBE = 64

/**
 * What was written between two readings of a console, which keeps only the last part of it: the new text begins somewhere in
 * the old one. All of it when the two share nothing.
 */
export function addedTo(before: string, now: string): string {
  if (now.startsWith(before)) return now.slice(before.length)
  const probe = now.slice(0, PROBE)
  for (let at = before.indexOf(probe, 1); at >= 0; at = before.indexOf(probe, at + 1)) {
    const kept = before.slice(at)
    if (now.startsWith(kept)) return now.slice(kept.length)
  }
  return now
}
