import {OmniError} from '@omni-cli/sdk'
import type {FastifyInstance, FastifyReply} from 'fastify'
import type {IssuedToken} from '../store/tokens.ts'
import {auditTarget} from './audit.ts'
import {bodyProblem, decode, readJson} from './body.ts'
import {type ApiContext, param} from './context.ts'
import {tokenRequest} from './schemas.ts'

/** Tokens of other people and programs. The secret is in the answer to its creation and nowhere else. */
export function tokenRoutes(app: FastifyInstance, {tokens, tokenWatch}: ApiContext): void {
  // A token may end itself, and must get the answer to that: in it is its successor.
  const checkAfter = (reply: FastifyReply) => reply.raw.once('finish', () => tokenWatch.check())

  app.post('/api/v1/tokens', async (request, reply) => {
    const {name, role, expiresAt, projects} = decode(tokenRequest, await readJson(request))
    auditTarget(request, `${name} (${role})`)
    if (expiresAt !== undefined && expiresAt !== null && Date.parse(expiresAt) <= Date.now()) {
      throw new OmniError('USAGE', `the token would have expired already, at ${expiresAt}`)
    }
    if (role === 'admin' && projects !== undefined && projects !== null) {
      throw bodyProblem(
        ['projects'],
        'an admin reaches everything: a token for some projects is a deployer or a viewer',
      )
    }
    return issued(
      reply,
      tokens.create({name, role, expiresAt: expiresAt ?? undefined, projects: projects ?? undefined}),
    )
  })
  app.get('/api/v1/tokens', async () => ({tokens: tokens.list()}))
  app.post('/api/v1/tokens/:id/rotate', async (request, reply) => {
    const id = param(request, 'id')
    const fresh = tokens.rotate(id)
    if (fresh === undefined) throw unknownToken(id)
    checkAfter(reply)
    return issued(reply, fresh)
  })
  app.delete('/api/v1/tokens/:id', async (request, reply) => {
    const id = param(request, 'id')
    if (!tokens.revoke(id)) throw unknownToken(id)
    checkAfter(reply)
    return {revoked: id}
  })
}

const issued = (reply: FastifyReply, {token, record}: IssuedToken) =>
  reply
    .header('cache-control', 'no-store')
    .code(201)
    .send({...record, token})

const unknownToken = (id: string): OmniError =>
  new OmniError('NOT_FOUND', `no token '${id}'`, {hint: 'omni token list'})
