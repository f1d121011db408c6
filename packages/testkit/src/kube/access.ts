import {type ServedKind, versionOf} from './kinds.ts'
import {isMap, type JsonMap} from './objects.ts'
import {KubeError} from './status.ts'

export type Role = 'admin' | 'reader' | 'viewer'

/** Users by their bearer tokens. */
export const USERS: Readonly<Record<Role, string>> = {admin: 'fake-admin', reader: 'fake-reader', viewer: 'fake-viewer'}

const LOOKING = ['get', 'list', 'watch']

/** The user of a request; 401 without one. */
export function userOf(authorization: string | undefined): Role {
  const token = /^Bearer (.+)$/.exec(authorization ?? '')?.[1]
  const found = Object.entries(USERS).find(([, known]) => known === token)?.[0]
  if (found === 'admin' || found === 'reader' || found === 'viewer') return found
  throw new KubeError(401, 'Unauthorized', 'Unauthorized')
}

/** An admin may do everything, a reader look at everything but Secrets, a viewer nothing. */
function mayDo(role: Role, verb: string, resource: string): boolean {
  return role === 'admin' || (role === 'reader' && LOOKING.includes(verb) && resource !== 'secrets')
}

export interface Attempt {
  readonly verb: string
  readonly kind: ServedKind
  readonly subresource?: string | undefined
  readonly namespace?: string | undefined
  readonly name?: string | undefined
}

/** 403 in the words of an API server. */
export function checkAccess(role: Role, {verb, kind, subresource, namespace, name}: Attempt): void {
  if (kind.isReview === true || mayDo(role, verb, kind.plural)) return
  const {group, plural} = kind
  const resource = subresource === undefined ? plural : `${plural}/${subresource}`
  const subject = `${group ? `${plural}.${group}` : plural}${name === undefined ? '' : ` "${name}"`}`
  const where = namespace === undefined ? 'at the cluster scope' : `in the namespace "${namespace}"`
  const message = `${subject} is forbidden: User "${role}" cannot ${verb} resource "${resource}" in API group "${group}" ${where}`
  throw new KubeError(403, 'Forbidden', message, {name, group, kind: plural})
}

/** The answer to a SelfSubjectAccessReview. */
export function review(role: Role, kind: ServedKind, object: JsonMap): JsonMap {
  const spec = isMap(object.spec) ? object.spec : {}
  const wanted = isMap(spec.resourceAttributes) ? spec.resourceAttributes : {}
  const allowed = mayDo(role, String(wanted.verb ?? '*'), String(wanted.resource ?? '*'))
  return {kind: kind.kind, apiVersion: versionOf(kind), metadata: {creationTimestamp: null}, spec, status: {allowed}}
}
