import {Refusal} from '../http/refusal.ts'
import type {RequestHead} from '../http/request-head.ts'
import type {EdgeService} from '../table.ts'
import type {Origin} from './origin.ts'
import type {Upstream} from './upstream.ts'

/** Where a request goes. */
export interface Destination {
  readonly upstream: Upstream
  readonly stripPrefix: string | undefined
  /** Pattern that was matched, `*` for all paths. */
  readonly route: string
}

/** Chooses the destination of a request; Refusal when there is none. */
export type Resolve = (request: RequestHead, origin: Origin) => Destination

interface Route extends Destination {
  /** Without the `*`. */
  readonly path: string
  readonly isPrefix: boolean
}

/** Host names spelt in many ways (case, port) are remembered up to this number. */
const MAX_REMEMBERED = 1_000

/**
 * A whole segment of one or two dots, spelt in any way that some program takes for it. Clients resolve these before they
 * ask; a backend that does so after us would serve a path that was not routed to it.
 */
const DOT_SEGMENT = /(?:\/|\\|%2f|%5c)(?:\.|%2e){1,2}(?:\/|\\|%2f|%5c|$)/i

/**
 * Resolver of the shared listener: host first, then the longest path. 400 without a host, and for a path that steps out of
 * itself where paths count; 404 for an unknown host or no path.
 */
export function routeByHost(services: readonly EdgeService[], upstreams: ReadonlyMap<string, Upstream>): Resolve {
  const hosts = collectHosts(services, upstreams)
  const remembered = new Map<string, readonly Route[]>()
  const routesOf = (host: string): readonly Route[] => {
    const known = remembered.get(host)
    if (known !== undefined) return known
    const routes = hosts.get(hostName(host))
    if (routes === undefined) throw new Refusal(404, `no service for host: ${hostName(host)}`)
    if (remembered.size < MAX_REMEMBERED) remembered.set(host, routes)
    return routes
  }
  return (request) => {
    if (request.host === undefined) throw new Refusal(400, 'missing Host header')
    const routes = routesOf(request.host)
    const only = routes[0]
    if (only !== undefined && routes.length === 1 && only.isPrefix && only.path === '') return only
    const path = pathOf(request.target)
    if (DOT_SEGMENT.test(path)) throw new Refusal(400, 'the path has "." or ".." in it')
    const found = routes.find((route) => (route.isPrefix ? path.startsWith(route.path) : path === route.path))
    if (found === undefined) throw new Refusal(404, `no backend for path: ${path.slice(0, 200)}`)
    return found
  }
}

/** Resolver of a service's own port: whatever the host and path. */
export function routeAll(upstream: Upstream): Resolve {
  const destination: Destination = {upstream, stripPrefix: undefined, route: '*'}
  return () => destination
}

/** The host without port and trailing dot, in lower case; brackets of an IPv6 address stay. */
export const hostName = (host: string): string =>
  host
    .toLowerCase()
    .replace(/:[0-9]*$/, '')
    .replace(/\.$/, '')

/** The target without the prefix (only whole path segments); always begins with `/`. */
export function withoutPrefix(target: string, prefix: string): string {
  const end = prefix.endsWith('/') ? prefix.length - 1 : prefix.length
  if (!target.startsWith(prefix.slice(0, end))) return target
  const rest = target.slice(end)
  if (rest === '' || rest.startsWith('?')) return `/${rest}`
  return rest.startsWith('/') ? rest : target
}

function collectHosts(
  services: readonly EdgeService[],
  upstreams: ReadonlyMap<string, Upstream>,
): ReadonlyMap<string, readonly Route[]> {
  const hosts = new Map<string, Route[]>()
  for (const service of services) {
    const upstream = upstreams.get(service.service)
    if (upstream === undefined || service.protocol !== 'http') continue
    const routes = service.paths.length === 0 ? ['*'] : service.paths
    for (const host of service.hosts) {
      const list = hosts.get(host) ?? []
      list.push(...routes.map((pattern) => routeOf(pattern, upstream, service.stripPrefix)))
      hosts.set(host, list)
    }
  }
  for (const list of hosts.values()) list.sort(longestFirst)
  return hosts
}

function routeOf(pattern: string, upstream: Upstream, stripPrefix: string | undefined): Route {
  const isPrefix = pattern.endsWith('*')
  return {path: isPrefix ? pattern.slice(0, -1) : pattern, isPrefix, upstream, stripPrefix, route: pattern}
}

/** The sort is stable: of two equal patterns the service named first in the table wins. */
const longestFirst = (a: Route, b: Route): number =>
  b.path.length - a.path.length || Number(a.isPrefix) - Number(b.isPrefix)

function pathOf(target: string): string {
  const query = target.indexOf('?')
  return query < 0 ? target : target.slice(0, query)
}
