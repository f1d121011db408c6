import type {LogLine, LogOptions, Service} from '@omni-cli/sdk'
import type {FastifyInstance, FastifyRequest} from 'fastify'
import {asBoolean, asCount, asText, queryValue} from './body.ts'
import {type ApiContext, accepts, isNative, param} from './context.ts'
import {notFound} from './services.ts'
import {type OpenStream, stream} from './stream.ts'

/** Orca's default. */
const DEFAULT_TAIL = 100

const NDJSON = 'application/x-ndjson'

/** Output of a service, running or not: plain lines, or one JSON object a line when the client asks for that. */
export function logRoutes(app: FastifyInstance, {control, closing, log}: ApiContext): void {
  app.get('/api/v1/services/:name/logs', {exposeHeadRoute: false}, async (request, reply) => {
    const name = param(request, 'name')
    const asJson = accepts(request, NDJSON)
    const options = logOptions(request, asJson)
    const service = await control.get(name)
    if (service === undefined) throw notFound(name, asJson || isNative(request))
    const contentType = asJson ? NDJSON : 'text/plain; charset=utf-8'
    const heartbeat = asJson && options.follow === true ? '\n' : undefined
    const signal = options.follow === true ? closing : undefined
    await stream(reply, {contentType, heartbeat, signal, log}, async (out) => {
      await copyLines(control.logs(name, {...options, signal: out.signal}), asJson, out)
      if (!asJson && options.replica === undefined) await out.write(reasonLines(service))
    })
  })
  // Where the lines are, for a client on this machine that may read them itself.
  app.get('/api/v1/services/:name/log-sources', {exposeHeadRoute: false}, async (request) => {
    const name = param(request, 'name')
    if ((await control.get(name)) === undefined) throw notFound(name, true)
    return {files: (await control.logFiles?.(name, queryValue(request, 'replica', asText))) ?? []}
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

/**
 * Why the service does not run as wanted, for those who look for the reason in the output: `OOMKilled: web-0 was killed:
 * it used more memory than its limit`. That one also while it runs again: no output of the program tells it.
 */
function reasonLines({name, status, lastFailure, replicas}: Service): string {
  const isWell = lastFailure === undefined || status === 'running' || status === 'stopped'
  const killed = replicas.filter(({lastExit}) => lastExit?.oomKilled === true)
  const told = killed.map((replica) => `OOMKilled: ${replica.name} ${OOM}\n`).join('')
  if (isWell || (lastFailure.exit?.oomKilled === true && killed.length > 0)) return told
  const {exit, message} = lastFailure
  const replica = replicas.find(({lastExit}) => exit !== undefined && lastExit?.at === exit.at)?.name ?? name
  const reason = exit?.oomKilled === true ? 'OOMKilled' : lastFailure.reason
  return `${told}${reason}: ${replica} ${message.replaceAll('\n', ' ')}\n`
}

const OOM = 'was killed: it used more memory than its limit'
