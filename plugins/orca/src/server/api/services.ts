import {isOmniError, messageOf, OmniError, type Release, type Service} from '@omni-cli/sdk'
import type {FastifyInstance, FastifyRequest} from 'fastify'
import {z} from 'zod'
import type {Actor, Control} from '../control.ts'
import {asBoolean, decode, parseJson, queryValue, readBody, readJson} from './body.ts'
import {decideRoute} from './canary.ts'
import {type ApiContext, actorOf, isNative, param} from './context.ts'
import {HttpProblem} from './problem.ts'
import {checkRollback, listInScope, releasesInScope} from './scope.ts'
import {toServiceStatus} from './status.ts'

export const scaleRequest = z.object({replicas: z.int().min(0).max(1000)})
export const rollbackRequest = z.object({to: z.string().nullish()})

/** One service: reading, scaling, starting, stopping. Paths that Orca has too answer in its form unless asked otherwise. */
export function serviceRoutes(app: FastifyInstance, context: ApiContext): void {
  const {control} = context

  app.get('/api/v1/status', async (request) => {
    const services = await listInScope(request, control)
    return {cluster_name: control.clusterName, services: services.map(toServiceStatus)}
  })
  app.get('/api/v1/services', async (request) => {
    const services = await listInScope(request, control)
    return {services: services.map((service) => visibleTo(actorOf(request), service))}
  })
  app.get('/api/v1/services/:name', async (request) => {
    const service = await control.get(param(request, 'name'))
    if (service === undefined) throw notFound(param(request, 'name'), true)
    return visibleTo(actorOf(request), service)
  })
  app.get('/api/v1/services/:name/releases', async (request) => {
    const caller = actorOf(request)
    const releases = releasesInScope(caller, await control.releases(param(request, 'name')))
    return {releases: releases.map((release) => visibleTo(caller, release))}
  })
  changeRoutes(app, control)
  decideRoute(app, context)
  removeRoutes(app, control)
}

function changeRoutes(app: FastifyInstance, control: Control): void {
  app.post('/api/v1/services/:name/scale', async (request) => {
    const {replicas} = decode(scaleRequest, await readJson(request))
    const name = param(request, 'name')
    // Orca's text for this one does not repeat the name.
    const service = await inOrcaWords(request, 'scale', async () => {
      await mustExist(control, name)
      return control.scale(name, replicas, actorOf(request))
    })
    return isNative(request) ? service : {service: name, replicas}
  })
  act(app, control, 'rollback', async (name, request) => {
    const to = await rollbackTarget(request)
    const releases = await control.releases(name)
    checkRollback(actorOf(request), releases, to)
    if (to === undefined && releases.length < 2) {
      throw new OmniError('NOT_FOUND', `no previous deploy for '${name}'`, {hint: `omni releases ${name}`})
    }
    return control.rollback(name, {to, actor: actorOf(request)})
  })
  act(app, control, 'promote', (name, request) => control.promote(name, actorOf(request)))
  act(app, control, 'canary/abort', (name, request) => control.abortCanary(name, actorOf(request)))
  act(app, control, 'start', (name, request) => control.start(name, actorOf(request)))
  act(app, control, 'stop', (name, request) => control.stop(name, actorOf(request)))
  act(app, control, 'restart', (name, request) => control.restart(name, actorOf(request)))
  act(app, control, 'redeploy', (name, request) =>
    control.redeploy(name, {actor: actorOf(request), reason: 'redeploy'}),
  )
}

function removeRoutes(app: FastifyInstance, control: Control): void {
  app.delete('/api/v1/services/:name', async (request) => {
    const name = param(request, 'name')
    const [actor, purge] = [actorOf(request), queryValue(request, 'purge', asBoolean)]
    const forget = queryValue(request, 'forget', asBoolean)
    if (isNative(request) || purge !== undefined || forget !== undefined) {
      await control.remove(name, {actor, purge: purge ?? false})
      return {removed: name}
    }
    await inOrcaWords(request, `stop ${name}`, async () => {
      await mustExist(control, name)
      await control.remove(name, {actor, purge: false})
    })
    return {ok: `stop ${name}`}
  })
  app.delete('/api/v1/projects/:project', async (request) => {
    const project = param(request, 'project')
    const {done, errors} = await removeAll(control, project, actorOf(request))
    return {ok: `stopped project ${project}`, stopped: done, ...(errors.length === 0 ? {} : {errors})}
  })
  app.post('/api/v1/stop', async (request) => {
    const {errors} = await removeAll(control, undefined, actorOf(request))
    return {ok: 'stop all', ...(errors.length === 0 ? {} : {errors})}
  })
}

function act(
  app: FastifyInstance,
  control: Control,
  verb: string,
  work: (name: string, request: FastifyRequest) => Promise<Service>,
): void {
  app.post(`/api/v1/services/:name/${verb}`, async (request) => {
    const name = param(request, 'name')
    const service = await inOrcaWords(request, `${verb} ${name}`, async () => {
      await mustExist(control, name)
      return work(name, request)
    })
    return isNative(request) ? service : {ok: `${verb} ${name}`}
  })
}

async function removeAll(control: Control, project: string | undefined, actor: Actor) {
  const done: string[] = []
  const errors: string[] = []
  const removals = (await control.list(project)).map(async ({name}) => {
    await control.remove(name, {actor, purge: false}).then(
      () => done.push(name),
      (error) => errors.push(`${name}: ${messageOf(error)}`),
    )
  })
  await Promise.all(removals)
  return {done: done.sort(), errors}
}

/** An empty body is Orca's form: back to the release before. */
async function rollbackTarget(request: FastifyRequest): Promise<string | undefined> {
  const body = await readBody(request)
  if (body.length === 0) return undefined
  return decode(rollbackRequest, parseJson(body, 'Failed to parse the request body as JSON')).to ?? undefined
}

/** Orca answers 500 and a text for whatever goes wrong; our own client gets the error itself. */
async function inOrcaWords<T>(request: FastifyRequest, what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (isNative(request) || !isOmniError(error)) throw error
    throw new HttpProblem(500, `${what} failed: ${error.message}`)
  }
}

async function mustExist(control: Control, name: string): Promise<void> {
  if ((await control.get(name)) === undefined) throw notFound(name, true)
}

/** 404 about a service, as text or in our form. */
export const notFound = (name: string, asJson: boolean): Error =>
  asJson
    ? new OmniError('NOT_FOUND', `service '${name}' not found`, {hint: 'omni get services'})
    : new HttpProblem(404, `service '${name}' not found`)

/** Values of the environment may be secrets that somebody wrote down in the spec: viewers see the names only. */
export const visibleTo = <T extends Service | Release>(actor: Actor, thing: T): T =>
  actor.role === 'viewer'
    ? {...thing, spec: {...thing.spec, env: Object.fromEntries(Object.keys(thing.spec.env).map((key) => [key, '***']))}}
    : thing
