import {timingSafeEqual} from 'node:crypto'
import type {IncomingMessage} from 'node:http'
import type {Actor} from '../control.ts'
import {type TokenStore, tokenDigest} from '../store/tokens.ts'
import {HttpProblem} from './problem.ts'

/** Who sends a request, and how far that reaches. */
export interface Caller extends Actor {
  /** Of a token in the store, which can be revoked. */
  readonly tokenId?: string | undefined
  /** The only projects that may be touched or seen; absent: all. */
  readonly projects?: readonly string[] | undefined
}

/** A token that somebody else keeps, e.g. the file of the cluster. */
export interface ExtraToken {
  readonly name: string
  readonly role: Actor['role']
  /** `tokenDigest` of the secret. */
  readonly digest: Buffer
}

/** Finds out who sends a request. Texts are Orca's. */
export type Authenticate = (request: IncomingMessage) => Caller

/** `adminToken` is the one in the home folder of the owner; all others are in the store or given as `extra`. */
export function createAuthenticate(
  adminToken: string,
  tokens: TokenStore,
  extra: readonly ExtraToken[] = [],
): Authenticate {
  const fixed: readonly ExtraToken[] = [{name: 'owner', role: 'admin', digest: tokenDigest(adminToken)}, ...extra]
  return (request) => {
    const token = bearerToken(request)
    const digest = tokenDigest(token)
    // All are compared, so that the time tells nothing about which one matched.
    const [known] = fixed.filter((one) => timingSafeEqual(one.digest, digest))
    if (known !== undefined) return {name: known.name, role: known.role}
    const found = tokens.find(token)
    if (found === undefined) throw new HttpProblem(401, 'invalid bearer token')
    const {id, name, role, projects} = found
    return {name, role, tokenId: id, ...(projects === undefined ? {} : {projects})}
  }
}

/** A doubled header is refused: which of the two a proxy has checked is anybody's guess. */
function bearerToken(request: IncomingMessage): string {
  const headers = request.headersDistinct.authorization ?? []
  if (headers.length > 1) throw new HttpProblem(401, 'invalid bearer token')
  const match = /^Bearer (.*)$/.exec(headers[0] ?? '')
  if (match === null) throw new HttpProblem(401, 'missing bearer token')
  if (match[1] === undefined || match[1] === '') throw new HttpProblem(401, 'invalid bearer token')
  return match[1]
}
