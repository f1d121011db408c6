import type {X509Certificate} from 'node:crypto'

const MINUTE_MS = 60_000
const PAUSES_MS = [MINUTE_MS, 5 * MINUTE_MS, 15 * MINUTE_MS, 60 * MINUTE_MS] as const
const LONGEST_PAUSE_MS = 60 * MINUTE_MS
/** A wait that is longer comes from a clock that was wrong. */
const LONGEST_WAIT_MS = 25 * LONGEST_PAUSE_MS

/** How long after so many failures in a row the next order is made; the server may ask for longer. */
export const pauseAfter = (failures: number, retryAfterMs = 0): number =>
  Math.max(PAUSES_MS[failures - 1] ?? LONGEST_PAUSE_MS, retryAfterMs)

/** Whether the time has come, also when the clock was put back since. */
export const isOver = (at: number, now: number): boolean => now >= at || at - now > LONGEST_WAIT_MS

/**
 * When a certificate is renewed: with a third of its life left, or up to a thirtieth earlier, so that many that were
 * issued together are not renewed together. The same certificate has the same time.
 */
export function renewalAt({validFromDate, validToDate, fingerprint256}: X509Certificate): number {
  const lifetime = validToDate.getTime() - validFromDate.getTime()
  const spread = Number.parseInt(fingerprint256.slice(0, 2), 16) / 255
  return validToDate.getTime() - lifetime / 3 - (spread * lifetime) / 30
}
