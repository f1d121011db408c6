import {OmniError} from '@omni-cli/sdk'
import type {FastifyInstance, FastifyRequest} from 'fastify'
import {type ApiContext, param} from './context.ts'
import {HttpProblem} from './problem.ts'

/** As much as the store takes. */
const LIMIT_BYTES = 2 * 1024 ** 3

/** An upload may take long, but it has to move: this much in each window, or it is cut. */
const WINDOW_MS = 30_000
const WINDOW_BYTES = 64 * 1024

/** Source archives by their digest. An upload goes to the disk as it comes; only the right bytes are kept. */
export function artifactRoutes(app: FastifyInstance, {control}: ApiContext): void {
  app.head('/api/v1/artifacts/:digest', async (request, reply) =>
    reply.code((await control.hasArtifact(digestParam(request))) ? 200 : 404).send(),
  )
  app.put('/api/v1/artifacts/:digest', async (request, reply) => {
    const digest = digestParam(request)
    if (Number(request.headers['content-length']) > LIMIT_BYTES) throw tooLong()
    if (await control.hasArtifact(digest)) return reply.code(200).send({digest, stored: false})
    await control.putArtifact(digest, upload(request))
    return reply.code(201).send({digest, stored: true})
  })
}

function digestParam(request: FastifyRequest): string {
  const digest = param(request, 'digest')
  if (/^sha256:[0-9a-f]{64}$/.test(digest)) return digest
  throw new OmniError('USAGE', `'${digest}' is no digest; it is 'sha256:' and 64 hexadecimal digits`)
}

async function* upload(request: FastifyRequest): AsyncGenerator<Buffer> {
  let total = 0
  let inWindow = 0
  const late = Promise.withResolvers<never>()
  late.promise.catch(() => undefined)
  const watch = setInterval(() => {
    if (inWindow < WINDOW_BYTES) late.reject(new HttpProblem(408, 'the upload is too slow'))
    inWindow = 0
  }, WINDOW_MS)
  // A loop over the request itself would cut the connection at a failure: its answer could not be read.
  const chunks: AsyncIterator<Buffer> = request.raw.iterator({destroyOnReturn: false})
  try {
    for (;;) {
      const {done, value} = await Promise.race([chunks.next(), late.promise])
      if (done === true) return
      total += value.length
      inWindow += value.length
      if (total > LIMIT_BYTES) throw tooLong()
      yield value
    }
  } finally {
    clearInterval(watch)
    // What is left is thrown away for the moment that the answer takes.
    request.raw.resume()
  }
}

const tooLong = () => new HttpProblem(413, 'length limit exceeded')
