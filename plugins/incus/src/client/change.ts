import type {CallOptions, HttpAnswer} from '@omni-cli/sdk'
import type {IncusRequest} from './client.ts'
import type {Transport} from './transport.ts'

const ANSWER_MS = 2_000

/** Sends what changes something. After an abort the answer is still waited for a little: without it nobody knows which operation to cancel. */
export async function change(transport: Transport, request: IncusRequest, options: CallOptions): Promise<HttpAnswer> {
  const {signal} = options
  if (signal === undefined || request.body !== undefined) return transport.send(request, options)
  const late = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const abort = () => {
    timer = setTimeout(() => late.abort(signal.reason), ANSWER_MS)
  }
  signal.addEventListener('abort', abort, {once: true})
  try {
    return await transport.send(request, {...options, signal: late.signal})
  } finally {
    signal.removeEventListener('abort', abort)
    clearTimeout(timer)
  }
}
