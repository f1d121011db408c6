import {
  type ErrorBody,
  isOmniError,
  type Logger,
  messageOf,
  OmniError,
  type Service,
  type ServiceSpec,
} from '@omni-cli/sdk'
import type {FastifyInstance, FastifyReply} from 'fastify'
import type {Actor, Control} from '../control.ts'
import {queryValue, readJson} from './body.ts'
import {type ApiContext, actorOf} from './context.ts'
import {readServiceConfig} from './service-config.ts'
import {type OpenStream, stream} from './stream.ts'

const MODES = ['create', 'update', 'apply'] as const
type Mode = (typeof MODES)[number]

/** A line of the answer: notes while it goes on, then exactly one result or error. */
export type DeployLine =
  | {readonly type: 'progress'; readonly service: string; readonly note: string}
  | {readonly type: 'result'; readonly service: Service; readonly warnings: readonly string[]}
  | {readonly type: 'error'; readonly error: ErrorBody}

/** One service, created or updated by a rolling deploy that the client can watch. A client that goes away aborts it. */
export function createRoute(app: FastifyInstance, {control, log}: ApiContext): void {
  /** Names that are being created: of two creates at once one is told that it came too late. */
  const creating = new Set<string>()
  app.post('/api/v1/services', async (request, reply) => {
    const mode = queryValue(request, 'mode', asMode) ?? 'apply'
    const reason = queryValue(request, 'reason', (text) => text.slice(0, 200)) ?? 'deploy'
    const spec = readServiceConfig(await readJson(request))
    if (mode === 'create' && creating.has(spec.name)) throw alreadyThere(spec.name)
    if (mode === 'create') creating.add(spec.name)
    try {
      await checkMode(control, mode, spec.name)
      await streamDeploy(reply, log, async (out) => {
        const line = await deployOne(control, spec, {actor: actorOf(request), reason}, out)
        if (line.type === 'error') log.debug('deploy failed', {service: spec.name, error: line.error.message})
        return line
      })
    } finally {
      if (mode === 'create') creating.delete(spec.name)
    }
  })
}

const asMode = (text: string): Mode | undefined => MODES.find((mode) => mode === text)

async function checkMode(control: Control, mode: Mode, name: string): Promise<void> {
  if (mode === 'apply') return
  const exists = (await control.get(name)) !== undefined
  if (mode === 'create' && exists) throw alreadyThere(name)
  if (mode === 'update' && !exists) {
    throw new OmniError('NOT_FOUND', `service '${name}' not found`, {hint: 'omni get services'})
  }
}

const alreadyThere = (name: string): OmniError =>
  new OmniError('CONFLICT', `service '${name}' exists already`, {hint: `omni describe service ${name}`})

const streamDeploy = (
  reply: FastifyReply,
  log: Logger,
  work: (out: OpenStream) => Promise<DeployLine>,
): Promise<void> =>
  stream(reply, {contentType: 'application/x-ndjson', heartbeat: '\n', log}, async (out) => {
    await out.write(`${JSON.stringify(await work(out))}\n`)
  })

async function deployOne(
  control: Control,
  spec: ServiceSpec,
  by: {readonly actor: Actor; readonly reason: string},
  out: OpenStream,
): Promise<DeployLine> {
  // Notes are small and few; waiting for a slow reader must not slow down the deploy.
  const onProgress = (event: {readonly service: string; readonly note: string}) =>
    void out.write(`${JSON.stringify({type: 'progress', ...event})}\n`).catch(() => undefined)
  try {
    const outcome = await control.deploy([spec], {...by, signal: out.signal, onProgress})
    const [failed] = outcome.errors
    if (failed !== undefined) return {type: 'error', error: deployFailure(failed)}
    const service = await control.get(spec.name)
    if (service === undefined) throw new OmniError('NOT_FOUND', `service '${spec.name}' was removed meanwhile`)
    return {type: 'result', service, warnings: outcome.warnings}
  } catch (error) {
    return {type: 'error', error: isOmniError(error) ? error.toJSON() : {code: 'INTERNAL', message: messageOf(error)}}
  }
}

const deployFailure = ({message, details}: {readonly message: string; readonly details?: unknown}): ErrorBody => ({
  code: 'DEPLOY_FAILED',
  message,
  ...(details === undefined ? {} : {details}),
})
