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
import type {Actor, Control, DeployOutcome} from '../control.ts'
import {auditOutcome, auditTarget} from './audit.ts'
import {queryValue, readJson} from './body.ts'
import {type ApiContext, actorOf} from './context.ts'
import {checkSpecs} from './scope.ts'
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
  app.post('/api/v1/services', async (request, reply) => {
    const mode = queryValue(request, 'mode', asMode) ?? 'apply'
    const reason = queryValue(request, 'reason', (text) => text.slice(0, 200)) ?? 'deploy'
    const spec = readServiceConfig(await readJson(request))
    auditTarget(request, spec.name)
    await checkSpecs(actorOf(request), control, [spec])
    await checkMode(control, mode, spec.name)
    await streamDeploy(reply, log, async (out) => {
      const by = {actor: actorOf(request), reason, onlyNew: mode === 'create'}
      const line = await deployOne(control, spec, by, out)
      if (line.type === 'error') {
        auditOutcome(request, line.error.code)
        log.debug('deploy failed', {service: spec.name, error: line.error.message})
      }
      return line
    })
  })
}

const asMode = (text: string): Mode | undefined => MODES.find((mode) => mode === text)

/** What is known already gets a status of its own; of two creates at once the lock decides, and the last line says so. */
async function checkMode(control: Control, mode: Mode, name: string): Promise<void> {
  if (mode === 'apply') return
  const exists = (await control.get(name)) !== undefined
  if (mode === 'create' && exists) {
    throw new OmniError('CONFLICT', `service '${name}' exists already`, {hint: `omni describe service ${name}`})
  }
  if (mode === 'update' && !exists) {
    throw new OmniError('NOT_FOUND', `service '${name}' not found`, {hint: 'omni get services'})
  }
}

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
  by: {readonly actor: Actor; readonly reason: string; readonly onlyNew: boolean},
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

const deployFailure = ({code, message, details}: DeployOutcome['errors'][number]): ErrorBody => ({
  code: code ?? 'INTERNAL',
  message,
  ...(details === undefined ? {} : {details}),
})
