export interface EdgeTimeouts {
  /** From the first byte of a request head to its last. */
  readonly headMs: number
  /** An idle client connection. */
  readonly idleMs: number
  /** From our last byte to the client's, when a connection is being closed; and for a client that closed its side early. */
  readonly lingerMs: number
  readonly connectMs: number
  /**
   * From the last byte of a request, or of an interim answer, to the first byte of the answer; else 504. Also how long a
   * client may take nothing of an answer that waits for it.
   */
  readonly answerMs: number
  /** How long a target that failed gets no request (but one probe). */
  readonly ejectMs: number
}

export const DEFAULT_TIMEOUTS: EdgeTimeouts = {
  headMs: 10_000,
  idleMs: 75_000,
  lingerMs: 2_000,
  connectMs: 5_000,
  answerMs: 300_000,
  ejectMs: 1_000,
}
