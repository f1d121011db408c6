import type {LogLine, LogOptions} from '@omni-cli/sdk'
import type {FastifyInstance, FastifyRequest} from 'fastify'
import {asBoolean, asCount, asText, queryValue} from './body.ts'
import {type ApiContext, accepts, isNative} from './context.ts'
import {notFound} from './services.ts'
import {type OpenStream, stream} from './stream.ts'

/** Orca's default. */
const DEFAULT_TAIL = 100

const NDJSON = 'application/x-ndjson'

/** Output of a service, running or not: plain lines, or one JSON object a line when the client asks for that. */
export function logRoutes(app: FastifyInstance, {control, closing, log}: ApiContext): void {
  app.get('/api/v1/services/:name/logs', {exposeHeadRoute: false}, async (request, reply) => {
    const {name} = request.params as {name: string}
    const asJson = accepts(request, NDJSON)
    const options = logOptions(request, asJson)
    if ((await control.get(name)) === undefined) throw notFound(name, asJson || isNative(request))
    const contentType = asJson ? NDJSON : 'text/plain; charset=utf-8'
    const heartbeat = asJson && options.follow === true ? '\n' : undefined
    const signal = options.follow === true ? closing : undefined
    await stream(reply, {contentType, heartbeat, signal, log}, (out) =>
      copyLines(control.logs(name, {...options, signal: out.signal}), asJson, out),
    )
  })
}

const logOptions = (request: FastifyRequest, asJson: boolean): LogOptions => ({
  tail: queryValue(request, 'tail', asCount) ?? (asJson ? undefined : DEFAULT_TAIL),
  follow: queryValue(request, 'follow', asBoolean) ?? false,
  since: queryValue(request, 'since', (text) => (Number.isNaN(Date.parse(text)) ? undefined : text)),
  replica: queryValue(request, 'replica', asText),
})

async function copyLines(lines: AsyncIterable<LogLine>, asJson: boolean, out: OpenStream): Promise<void> {
  for await (const line of lines) await out.write(asJson ? `${JSON.stringify(line)}\n` : `${line.text}\n`)
}
