import {once} from 'node:events'
import {type Logger, messageOf} from '@omni-cli/sdk'
import type {FastifyReply} from 'fastify'

/** How often an idle stream says that it is alive, so that proxies keep it and a dead client is noticed. */
const HEARTBEAT_MS = 15_000

export interface StreamOptions {
  readonly contentType: string
  /** Sent while nothing else is; must mean nothing in the format. */
  readonly heartbeat?: string | undefined
  /** Ends the stream from our side, e.g. when the server stops. */
  readonly signal?: AbortSignal | undefined
  readonly log: Logger
}

export interface OpenStream {
  /** Aborted when the client has gone away or the server ends the stream. */
  readonly signal: AbortSignal
  /** Resolves when the client can take more. */
  write(chunk: string): Promise<void>
}

/**
 * Answers 200 at once and then piece by piece; ends when `work` does. An error after that point can only be shown by
 * cutting the connection, so that the client does not take the answer for complete.
 */
export async function stream(
  reply: FastifyReply,
  options: StreamOptions,
  work: (out: OpenStream) => Promise<void>,
): Promise<void> {
  reply.hijack()
  const {raw} = reply
  const gone = new AbortController()
  raw.once('close', () => gone.abort())
  const signal = options.signal === undefined ? gone.signal : AbortSignal.any([gone.signal, options.signal])
  raw.writeHead(200, {'content-type': options.contentType, 'cache-control': 'no-store', 'x-accel-buffering': 'no'})
  raw.flushHeaders()
  const beat = options.heartbeat
  const timer = beat === undefined ? undefined : setInterval(() => raw.write(beat), HEARTBEAT_MS)
  try {
    await work({
      signal,
      write: async (chunk) => {
        if (!raw.write(chunk) && !signal.aborted) await once(raw, 'drain', {signal})
      },
    })
    raw.end()
  } catch (error) {
    if (!signal.aborted)
      options.log.debug('stream failed', {path: reply.request.routeOptions.url, error: messageOf(error)})
    if (options.signal?.aborted) raw.end()
    else raw.destroy()
  } finally {
    clearInterval(timer)
  }
}
