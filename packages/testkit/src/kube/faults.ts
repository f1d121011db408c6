import type {IncomingMessage, ServerResponse} from 'node:http'
import {KubeError} from './status.ts'

/** Something that goes wrong with requests. */
export interface KubeFault {
  /** Default: any. */
  readonly method?: string | undefined
  /** Tested against the path with its query. Default: any. */
  readonly path?: RegExp | undefined
  /** Requests that it happens to. Default 1. */
  readonly times?: number | undefined
  /** Matching requests that go well before. Default 0. */
  readonly after?: number | undefined
  /** Waits before the answer. */
  readonly delayMs?: number | undefined
  /** Answers with this: 401, 403, 429, 500, 503, 504, … */
  readonly status?: number | undefined
  readonly retryAfterSeconds?: number | undefined
  /** Breaks the connection off: before anything is done, or after it was done and before the answer. */
  readonly cut?: 'before' | 'after' | undefined
}

interface Scripted {
  readonly fault: KubeFault
  skips: number
  left: number
}

const REASONS: Readonly<Record<number, readonly [string, string]>> = {
  401: ['Unauthorized', 'Unauthorized'],
  403: ['Forbidden', 'forbidden'],
  429: ['TooManyRequests', 'too many requests, please try again later'],
  500: ['InternalError', 'Internal error occurred: etcdserver: request timed out'],
  503: ['ServiceUnavailable', 'the server is currently unable to handle the request'],
  504: ['Timeout', 'the server was unable to return a response in the time allotted'],
}

/** Faults in the order they were scripted; one happens to a request at most. */
export class Faults {
  readonly #scripted: Scripted[] = []

  add(fault: KubeFault): void {
    this.#scripted.push({fault, skips: fault.after ?? 0, left: fault.times ?? 1})
  }

  clear(): void {
    this.#scripted.length = 0
  }

  take({method, url = ''}: IncomingMessage): KubeFault | undefined {
    for (const scripted of this.#scripted) {
      const {fault} = scripted
      if (scripted.left === 0 || (fault.method ?? method) !== method || fault.path?.test(url) === false) continue
      if (scripted.skips > 0) {
        scripted.skips -= 1
        continue
      }
      scripted.left -= 1
      return fault
    }
    return undefined
  }
}

/** Does what a fault says before the request is looked at; true when there is nothing left to do. */
export async function happen(fault: KubeFault, response: ServerResponse): Promise<boolean> {
  const {delayMs, status, retryAfterSeconds, cut} = fault
  if (delayMs !== undefined) await new Promise((resolve) => setTimeout(resolve, delayMs))
  if (cut === 'before') response.destroy()
  if (cut === 'before' || response.destroyed) return true
  if (status === undefined) return false
  const [reason, message] = REASONS[status] ?? ['InternalError', 'an error on the server']
  throw new KubeError(status, reason, message, {retryAfterSeconds})
}
