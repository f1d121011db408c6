import {OmniError} from '@omni-cli/sdk'
import type {FastifyInstance} from 'fastify'
import {z} from 'zod'
import {decode, readJson} from './body.ts'
import {type ApiContext, param} from './context.ts'

const tokenRequest = z.object({
  name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._@-]{0,62}$/, 'letters, digits and "._@-", at most 63'),
  role: z.enum(['admin', 'deployer', 'viewer']),
  /** RFC 3339. */
  expiresAt: z.iso.datetime({offset: true}).nullish(),
})

/** Tokens of other people and programs. The secret is in the answer to its creation and nowhere else. */
export function tokenRoutes(app: FastifyInstance, {tokens}: ApiContext): void {
  app.post('/api/v1/tokens', async (request, reply) => {
    const {name, role, expiresAt} = decode(tokenRequest, await readJson(request))
    if (expiresAt !== undefined && expiresAt !== null && Date.parse(expiresAt) <= Date.now()) {
      throw new OmniError('USAGE', `the token would have expired already, at ${expiresAt}`)
    }
    const {token, record} = tokens.create({name, role, expiresAt: expiresAt ?? undefined})
    reply.header('cache-control', 'no-store')
    return reply.code(201).send({...record, token})
  })
  app.get('/api/v1/tokens', async () => ({tokens: tokens.list()}))
  app.delete('/api/v1/tokens/:id', async (request) => {
    const id = param(request, 'id')
    if (!tokens.revoke(id)) throw new OmniError('NOT_FOUND', `no token '${id}'`, {hint: 'omni token list'})
    return {revoked: id}
  })
}
