import {type ServedKind, versionOf} from './kinds.ts'
import type {KubeObject} from './objects.ts'
import {notServed} from './status.ts'
import type {Store} from './store.ts'

/** What a path names. */
export interface Route {
  readonly kind: ServedKind
  readonly namespace?: string | undefined
  readonly name?: string | undefined
  readonly subresource?: string | undefined
  /** What comes after the subresource: of `proxy`. */
  readonly rest?: string | undefined
}

/** Undefined when the group is not served at all; 404 when the group has no such resource. */
export function routeOf(path: string, store: Store): Route | undefined {
  const [, core, group = '', other = '', tail = ''] = /^\/(?:api\/(v1)|apis\/([^/]+)\/([^/]+))\/(.+)$/.exec(path) ?? []
  const version = core ?? other
  if (version === '' || !store.kinds.some((kind) => kind.group === group && kind.version === version)) return undefined
  const parts = tail.split('/').map(decodeURIComponent)
  const isInside = parts[0] === 'namespaces' && parts.length > 2 && !['status', 'finalize'].includes(parts[2] ?? '')
  const [plural = '', name, subresource, ...rest] = isInside ? parts.slice(2) : parts
  const kind = store.kind(group, version, plural)
  if (kind === undefined || (isInside && !kind.namespaced)) throw notServed()
  if (subresource !== undefined && subresource !== 'finalize' && !kind.subresources.includes(subresource))
    throw notServed()
  return {kind, namespace: isInside ? parts[1] : undefined, name, subresource, rest: rest.join('/')}
}

/** An object as this version of its kind says it. */
export const asVersion = (object: KubeObject, kind: ServedKind): KubeObject =>
  object.apiVersion === versionOf(kind) ? object : {...object, apiVersion: versionOf(kind)}
