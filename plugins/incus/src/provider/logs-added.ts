/** So much of what was read is kept to find it again. */
const KEPT = 64 * 1024
/** A shorter text may be there twice by chance. */
const CERTAIN = 128

/**
 * What is new in a reading of a console. It gives either all of it each time (`now` holds what was seen before), or only what
 * nobody has read yet.
 */
export function addedSince(seen: string, now: string): {readonly added: string; readonly all: string} {
  const keep = (text: string) => text.slice(-KEPT)
  if (seen.length >= CERTAIN) {
    const at = now.lastIndexOf(seen)
    if (at >= 0) return {added: now.slice(at + seen.length), all: keep(now)}
  }
  return {added: now, all: keep(seen + now)}
}
