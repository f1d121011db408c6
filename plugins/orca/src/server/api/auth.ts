import {timingSafeEqual} from 'node:crypto'
import type {IncomingMessage} from 'node:http'
import type {Actor} from '../control.ts'
import {type TokenStore, tokenDigest} from '../store/tokens.ts'
import {HttpProblem} from './problem.ts'

/** Finds out who sends a request. Texts are Orca's. */
export type Authenticate = (request: IncomingMessage) => Actor

/** `adminToken` is the one in the home folder of the owner; all others are in the store. */
export function createAuthenticate(adminToken: string, tokens: TokenStore): Authenticate {
  const adminDigest = tokenDigest(adminToken)
  return (request) => {
    const token = bearerToken(request)
    if (timingSafeEqual(tokenDigest(token), adminDigest)) return {name: 'owner', role: 'admin'}
    const found = tokens.find(token)
    if (found === undefined) throw new HttpProblem(401, 'invalid bearer token')
    return {name: found.name, role: found.role}
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
