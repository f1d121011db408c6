import {type CallOptions, isOmniError, sleep} from '@omni-cli/sdk'
import type {Gate} from './gate.ts'
import type {KubeRequest} from './kube-client.ts'
import type {KubeAnswer, KubeStream, Transport} from './transport.ts'

const ATTEMPTS = 6
/** A server that asks for more patience gets its answer passed on. */
const MAX_RETRY_AFTER_MS = 60_000
const FIRST_WAIT_MS = 100
const LONGEST_WAIT_MS = 5_000

export interface SendOptions extends CallOptions {
  /** Default 6 for what is busy, 3 for what does not answer. */
  readonly attempts?: number | undefined
}

/** A request, sent again while the server is too busy for it, and what only reads also over failing connections. */
export const sendPatiently = (
  {transport, gate}: Line,
  request: KubeRequest,
  options: SendOptions = {},
): Promise<KubeAnswer> => patiently(gate, request, options, {send: () => transport.send(request, options)})

/** The same for an answer that is read as it comes. */
export const streamPatiently = (
  {transport, gate}: Line,
  request: KubeRequest,
  options: SendOptions = {},
): Promise<KubeStream> =>
  patiently(gate, request, options, {
    send: () => transport.stream(request, options),
    drop: ({body}) => body.resume(),
  })

/** The same for a connection that is to become something else: what a server refuses as too much is asked again. */
export const upgradePatiently = <T>(
  gate: Gate,
  open: () => Promise<{readonly answer: T; readonly refused?: Answer | undefined}>,
  options: SendOptions = {},
): Promise<T> =>
  patiently(gate, {method: 'POST'}, options, {
    async send() {
      const {answer, refused = OPENED} = await open()
      return {...refused, answer}
    },
  }).then(({answer}) => answer)

const OPENED: Answer = {status: 101, headers: {}}

/** A server, and how much may be under way to it. */
export interface Line {
  readonly transport: Transport
  readonly gate: Gate
}

type Answer = Pick<KubeAnswer, 'status' | 'headers'>

async function patiently<T extends Answer>(
  gate: Gate,
  {method}: Pick<KubeRequest, 'method'>,
  {signal, attempts = ATTEMPTS}: SendOptions,
  {send, drop}: {readonly send: () => Promise<T>; readonly drop?: (answer: T) => void},
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const leave = await gate.enter(signal)
    let waitMs: number
    try {
      const answer = await send()
      const busyMs = waitMsOf(answer, attempt)
      if (busyMs === undefined) gate.calm()
      else gate.slowDown(busyMs)
      if (busyMs === undefined || attempt >= attempts) return answer
      drop?.(answer)
      waitMs = busyMs
    } catch (error) {
      const isTriedAgain = isOmniError(error) && error.code === 'UNAVAILABLE' && method === 'GET'
      if (!isTriedAgain || attempt >= Math.min(3, attempts)) throw error
      waitMs = backoff(attempt)
    } finally {
      leave()
    }
    await sleep(waitMs, signal)
  }
}

/** How long to wait before it is sent again; undefined when the answer is one. */
function waitMsOf({status, headers}: Answer, attempt: number): number | undefined {
  if (status !== 429 && status !== 503) return undefined
  const after = headers['retry-after']
  if (after === undefined) return status === 429 ? backoff(attempt) : undefined
  const ms = /^\d+$/.test(after) ? Number(after) * 1000 : Date.parse(after) - Date.now()
  return Number.isNaN(ms) || ms > MAX_RETRY_AFTER_MS ? undefined : Math.max(0, ms)
}

const backoff = (attempt: number): number => {
  const full = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (attempt - 1))
  return full / 2 + (Math.random() * full) / 2
}
