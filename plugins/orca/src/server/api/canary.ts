import {type CanaryVerdict, type ErrorBody, isOmniError, messageOf, sleep} from '@omni-cli/sdk'
import type {FastifyInstance} from 'fastify'
import type {Control} from '../control.ts'
import {auditOutcome} from './audit.ts'
import {type ApiContext, actorOf, param} from './context.ts'
import {type OpenStream, stream} from './stream.ts'

/** A line of the answer: what is still waited for whenever that changes, then exactly one result or error. */
export type DecideLine =
  | {readonly type: 'progress'; readonly service: string; readonly note: string}
  | ({readonly type: 'result'} & CanaryVerdict)
  | {readonly type: 'error'; readonly error: ErrorBody}

/** Lets measures decide about a canary. A client that goes away does not stop them. */
export function decideRoute(app: FastifyInstance, {control, log, closing}: ApiContext): void {
  app.post('/api/v1/services/:name/canary/decide', async (request, reply) => {
    const [name, actor] = [param(request, 'name'), actorOf(request)]
    const options = {contentType: 'application/x-ndjson', heartbeat: '\n', signal: closing, log}
    await stream(reply, options, async (out) => {
      const told = new AbortController()
      void tellProgress(control, name, out, told.signal)
      const line = await decide(control, name, {actor, signal: out.signal})
      told.abort()
      if (line.type === 'error') auditOutcome(request, line.error.code)
      await out.write(`${JSON.stringify(line)}\n`)
    })
  })
}

async function decide(
  control: Control,
  name: string,
  options: Parameters<Control['decideCanary']>[1],
): Promise<DecideLine> {
  try {
    return {type: 'result', ...(await control.decideCanary(name, options))}
  } catch (error) {
    return {type: 'error', error: isOmniError(error) ? error.toJSON() : {code: 'INTERNAL', message: messageOf(error)}}
  }
}

const LOOK_MS = 1000

async function tellProgress(control: Control, service: string, out: OpenStream, told: AbortSignal): Promise<void> {
  let last: string | undefined
  const signal = AbortSignal.any([out.signal, told])
  try {
    for (;;) {
      await sleep(LOOK_MS, signal)
      const note = (await control.get(service))?.canary?.reason
      if (note === undefined || note === last || signal.aborted) continue
      last = note
      await out.write(`${JSON.stringify({type: 'progress', service, note})}\n`)
    }
  } catch {
    // The verdict is there, or nobody listens any more.
  }
}
