import {CR, LF, TOKEN} from './characters.ts'
import {MAX_HEAD_BYTES, MAX_REQUEST_LINE_BYTES} from './limits.ts'
import {Refusal} from './refusal.ts'

/**
 * Index after the empty line that ends a head, or -1 while it is not complete. `scanned` = bytes known not to hold the end.
 * Refusal 431 when the head is over its limit.
 */
export function findHeadEnd(bytes: Buffer, scanned: number): number {
  const found = bytes.indexOf('\r\n\r\n', Math.max(0, scanned - 3), 'latin1')
  if (found >= 0 && found <= MAX_HEAD_BYTES) return found + 4
  if (found >= 0 || bytes.length > MAX_HEAD_BYTES) throw new Refusal(431, 'the header is too large')
  return -1
}

/** Refuses a head early that can never become a good one, so that the client need not wait for the timeout. */
export function checkUnfinishedHead(bytes: Buffer, scanned: number): void {
  if (bytes.length > MAX_REQUEST_LINE_BYTES && !bytes.subarray(0, MAX_REQUEST_LINE_BYTES).includes(LF)) {
    throw new Refusal(414, 'the request line is too long')
  }
  // A client that speaks something else, as TLS, may never send a line end.
  const first = bytes[0] ?? CR
  if (first !== CR && TOKEN[first] !== 1) throw new Refusal(400, 'a malformed request line')
  for (let line = bytes.indexOf(LF, scanned); line >= 0; line = bytes.indexOf(LF, line + 1)) {
    if (bytes[line - 1] !== CR) throw new Refusal(400, 'a bare LF in the header')
  }
}
