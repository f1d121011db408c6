import type {FastifyInstance} from 'fastify'
import {queryValue} from './body.ts'
import type {ApiContext} from './context.ts'

/** Facts about the server itself, and its end. */
export function systemRoutes(app: FastifyInstance, context: ApiContext): void {
  const {control, version, startedAt} = context
  app.get('/api/v1/health', async () => ({status: 'ok'}))
  app.get('/metrics', async (_request, reply) => {
    reply.type('text/plain; version=0.0.4')
    return control.metrics()
  })
  app.get('/api/v1/version', async () => {
    const health = await control.health()
    return {name: 'omni', version, pid: process.pid, startedAt, health}
  })
  app.get('/api/v1/certificates', async () => ({certificates: control.certificates()}))
  app.post('/api/v1/shutdown', async (request, reply) => {
    const workloads = queryValue(request, 'workloads', asWorkloads) ?? 'keep'
    reply.raw.once('finish', () => context.shutdown(workloads))
    return reply.code(202).send({shutdown: true, workloads})
  })
}

const asWorkloads = (text: string): 'keep' | 'stop' | undefined =>
  text === 'keep' || text === 'stop' ? text : undefined
