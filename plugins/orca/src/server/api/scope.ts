import type {Release, Service, ServiceSpec} from '@omni-cli/sdk'
import type {FastifyRequest} from 'fastify'
import {candidatesOf, referencesOf} from '../../secrets/reference.ts'
import type {Control} from '../control.ts'
import {hostsOf} from '../routes.ts'
import type {Caller} from './auth.ts'
import {queryValue} from './body.ts'
import {actorOf, param} from './context.ts'
import {HttpProblem} from './problem.ts'

/** Routes that tell or change nothing of other projects, or look at the scope themselves. */
const CHECKED_BY_THEMSELVES: ReadonlySet<string> = new Set([
  'GET /api/v1/version',
  'GET /api/v1/status',
  'GET /api/v1/services',
  'GET /api/v1/events',
  'POST /api/v1/deploy',
  'POST /api/v1/services',
  'HEAD /api/v1/artifacts/:digest',
  'PUT /api/v1/artifacts/:digest',
])

const refused = ({name, projects = []}: Caller, why = ''): HttpProblem =>
  new HttpProblem(403, `the token '${name}' is for ${projects.map((project) => `'${project}'`).join(', ')} only${why}`)

/**
 * A token for some projects reaches those alone, and no route that is not known to keep to them: 403. Unknown services
 * pass, so that the answer is that of the route.
 */
export async function checkScope(request: FastifyRequest, caller: Caller, control: Control): Promise<void> {
  const {projects} = caller
  if (projects === undefined) return
  const route = request.routeOptions.url ?? ''
  const method = request.method === 'HEAD' && !route.includes(':digest') ? 'GET' : request.method
  if (CHECKED_BY_THEMSELVES.has(`${method} ${route}`)) return
  if (route === '/api/v1/projects/:project' && projects.includes(param(request, 'project'))) return
  if (/^\/api\/v1\/services\/:name(\/|$)/.test(route)) {
    const service = await control.get(param(request, 'name'))
    if (service === undefined || isInScope(caller, service.project)) return
  }
  throw refused(caller)
}

/** Whether something of this project may be seen and touched. */
export const isInScope = ({projects}: Pick<Caller, 'projects'>, project: string | undefined): boolean =>
  projects === undefined || (project !== undefined && projects.includes(project))

/** The services that `?project=` asks for, as far as the caller may see them. */
export async function listInScope(request: FastifyRequest, control: Control): Promise<Service[]> {
  const services = await control.list(queryValue(request, 'project', (text) => text))
  const caller = actorOf(request)
  return services.filter(({project}) => isInScope(caller, project))
}

/** 403 unless all specs are for the caller's projects, replace no service of another one and reach into none. */
export async function checkSpecs(caller: Caller, control: Control, specs: readonly ServiceSpec[]): Promise<void> {
  if (caller.projects === undefined) return
  const foreign = (await control.list()).filter(({project}) => !isInScope(caller, project))
  const hosts = new Set(foreign.flatMap(({spec}) => hostsOf(spec)))
  for (const spec of specs) {
    const current = await control.get(spec.name)
    const isTaken = current !== undefined && !isInScope(caller, current.project)
    if (isTaken || !isInScope(caller, spec.project)) throw refused(caller)
    checkReach(caller, spec)
    const taken = hostsOf(spec).find((host) => hosts.has(host))
    if (taken !== undefined) throw refused(caller, `, and the host '${taken}' belongs to another`)
  }
}

/** Secrets, networks (where names can be taken) and data of other projects. */
function checkReach(caller: Caller, {project, env, network, mounts}: ServiceSpec): void {
  const secrets = referencesOf(env).flatMap((reference) => candidatesOf(reference, project))
  if (secrets.some((one) => one.project !== undefined && !isInScope(caller, one.project))) throw refused(caller)
  if (network !== undefined && !isInScope(caller, network)) throw refused(caller, `, not for the network '${network}'`)
  const [mount] = mounts
  if (mount !== undefined) throw refused(caller, `, and the mount '${mount}' reaches beyond: a 'volume' does not`)
}

/** The releases that the caller may see: a service may have been in another project before. */
export const releasesInScope = (caller: Caller, releases: readonly Release[]): Release[] =>
  releases.filter(({spec}) => isInScope(caller, spec.project))

/** 403 when going back, to `to` or to whichever release was before, could lead out of the caller's projects. */
export function checkRollback(caller: Caller, releases: readonly Release[], to: string | undefined): void {
  const targets = to === undefined ? releases : releases.filter(({id}) => id === to)
  if (releasesInScope(caller, targets).length < targets.length) throw refused(caller)
}
