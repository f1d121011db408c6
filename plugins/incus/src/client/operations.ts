import {aborted, backoffMs, type CallOptions, isOmniError, OmniError, sleep} from '@omni-cli/sdk'
import {readEnvelope, readWire} from './answer.ts'
import type {Transport} from './transport.ts'
import {type Operation, operationWire} from './wire.ts'

/** A wait is asked anew after so long, so that a connection that died silently is noticed. */
const WAIT_SECONDS = 60

export const hasEnded = ({status_code}: Operation): boolean => status_code >= 200

/** Waits until the operation has ended, well or not; undefined when the server has forgotten it meanwhile. */
export async function waitFor(
  transport: Transport,
  operation: Operation,
  {signal}: CallOptions = {},
): Promise<Operation | undefined> {
  let current: Operation | undefined = operation
  for (let attempt = 1; current !== undefined && !hasEnded(current); attempt++) {
    const startedAt = Date.now()
    await askToWait(transport, operation.id, signal)
    current = await readOperation(transport, operation.id, {signal})
    // On another member of a cluster it is answered at once.
    const didBlock = Date.now() - startedAt > 1_000
    if (current !== undefined && !hasEnded(current) && !didBlock) {
      await sleep(backoffMs(Math.min(attempt, 6), {baseMs: 50, maxMs: 1_000}), signal)
    }
  }
  return current
}

/** Undefined when there is none (any more). */
export async function readOperation(
  transport: Transport,
  id: string,
  options: CallOptions,
): Promise<Operation | undefined> {
  const path = `/operations/${id}`
  const {status, text} = await transport.send({method: 'GET', path}, options)
  if (status === 404) return undefined
  return readWire(operationWire, readEnvelope(status, text).metadata, path)
}

async function askToWait(transport: Transport, id: string, signal: AbortSignal | undefined): Promise<void> {
  const request = {method: 'GET', path: `/operations/${id}/wait`, query: {timeout: String(WAIT_SECONDS)}} as const
  try {
    await transport.send(request, {signal, timeoutMs: (WAIT_SECONDS + 30) * 1_000})
  } catch (error) {
    if (!isOmniError(error) || error.code !== 'TIMEOUT') throw error
  }
}

/** Ends what still goes on after an abort. Returns the error to reject with, which says what has become of it. */
export async function cancel(transport: Transport, operation: Operation, signal: AbortSignal): Promise<OmniError> {
  const {id, description} = operation
  const timeoutMs = 5_000
  const isCancelled =
    operation.may_cancel &&
    (await transport.send({method: 'DELETE', path: `/operations/${id}`}, {timeoutMs}).then(
      ({status}) => status < 400,
      () => false,
    ))
  if (isCancelled) return aborted(signal)
  return new OmniError('ABORTED', `interrupted; Incus goes on: ${description}`, {cause: signal.reason})
}
