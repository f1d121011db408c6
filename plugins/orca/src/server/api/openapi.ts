import type {FastifyInstance} from 'fastify'
import type {ApiContext} from './context.ts'

/** The description of this API. It is made when it is first asked for: few servers ever are. */
export function openApiRoute(app: FastifyInstance, {version}: ApiContext): void {
  let text: Promise<string> | undefined
  const describe = async () => {
    const {openApiDocument} = await import('./openapi/document.ts')
    return JSON.stringify(openApiDocument(version))
  }
  app.get('/api/v1/openapi.json', async (_request, reply) => {
    text ??= describe()
    return reply.type('application/json; charset=utf-8').send(await text)
  })
}
