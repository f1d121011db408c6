import type {OmniEvent} from '@omni-cli/sdk'
import type {FastifyInstance, FastifyRequest} from 'fastify'
import {asBoolean, asCount, asText, queryValue} from './body.ts'
import {type ApiContext, accepts, actorOf} from './context.ts'
import {isInScope} from './scope.ts'
import {stream} from './stream.ts'

/** What has happened: server-sent events (following by default), or JSON lines when the client asks for them. */
export function eventRoutes(app: FastifyInstance, {control, closing, log}: ApiContext): void {
  app.get('/api/v1/events', {exposeHeadRoute: false}, async (request, reply) => {
    const asJson = accepts(request, 'application/x-ndjson')
    const options = {
      since: queryValue(request, 'since', asCount) ?? lastEventId(request),
      follow: queryValue(request, 'follow', asBoolean) ?? !asJson,
      ref: queryValue(request, 'ref', asText),
    }
    const format = asJson
      ? {contentType: 'application/x-ndjson', heartbeat: '\n'}
      : {contentType: 'text/event-stream', heartbeat: ': \n\n'}
    const encode = asJson ? (event: OmniEvent) => `${JSON.stringify(event)}\n` : toServerSentEvent
    const caller = actorOf(request)
    const isVisible = async ({ref}: OmniEvent): Promise<boolean> => {
      if (caller.projects === undefined) return true
      const service = await control.get(ref.replace(/^service\//, ''))
      return service !== undefined && isInScope(caller, service.project)
    }
    await stream(reply, {...format, log, signal: options.follow ? closing : undefined}, async (out) => {
      for await (const event of control.events({...options, signal: out.signal})) {
        if (await isVisible(event)) await out.write(encode(event))
      }
    })
  })
}

/** JSON has no raw line ends, so the data is always one line. */
export const toServerSentEvent = (event: OmniEvent): string =>
  `id: ${event.id}\nevent: ${event.type.replace(/[\r\n]/g, ' ')}\ndata: ${JSON.stringify(event)}\n\n`

/** Sent by a client that comes back after its connection broke. */
const lastEventId = (request: FastifyRequest): number | undefined => {
  const header = request.headers['last-event-id']
  return typeof header === 'string' ? asCount(header) : undefined
}
