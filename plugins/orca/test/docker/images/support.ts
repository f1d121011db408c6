import {randomBytes} from 'node:crypto'
import {mkdtemp, rm, writeFile} from 'node:fs/promises'
import {createServer, request as httpRequest, type IncomingMessage, type ServerResponse} from 'node:http'
import type {AddressInfo} from 'node:net'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {Readable} from 'node:stream'
import {create} from 'tar'
import {createEngine, type Engine} from '../../../src/runtimes/docker/engine/engine.ts'
import {isRefusal} from '../../../src/runtimes/docker/engine/failure.ts'
import {openTransport} from '../../../src/runtimes/docker/engine/transport.ts'
import {readBuildContext} from '../../../src/runtimes/docker/images/build-context.ts'
import {buildImage} from '../../../src/runtimes/docker/images/build-image.ts'

export const dockerHost = process.env.OMNI_TEST_DOCKER_HOST
/** Plain registries on loopback: one for everybody, one for `omni` with `omni-test-password`. */
export const openRegistry = process.env.OMNI_TEST_REGISTRY
export const lockedRegistry = process.env.OMNI_TEST_REGISTRY_LOCKED
export const PASSWORD = 'omni-test-password'

/** A folder, an Engine and names of one test; everything is gone afterwards. */
export interface Bench extends AsyncDisposable {
  readonly engine: Engine
  readonly folder: string
  /** A name nobody else uses. */
  name(base: string): string
  /** Is removed at the end, with all its tags. */
  forget(image: string): void
  /** A small image of its own content; its id. */
  image(tag: string, content?: string): Promise<string>
  /** Writes files into a new folder. */
  files(content: Readonly<Record<string, string>>): Promise<string>
}

export async function openBench(): Promise<Bench> {
  const engine = createEngine(openTransport({DOCKER_HOST: dockerHost}))
  const folder = await mkdtemp(join(tmpdir(), 'omni-images-'))
  const suffix = randomBytes(4).toString('hex')
  const images = new Set<string>()
  const files = async (content: Readonly<Record<string, string>>) => {
    const place = await mkdtemp(join(folder, 'files-'))
    for (const [path, text] of Object.entries(content)) {
      const {mkdir} = await import('node:fs/promises')
      await mkdir(join(place, path, '..'), {recursive: true})
      await writeFile(join(place, path), text)
    }
    return place
  }
  return {
    engine,
    folder,
    files,
    name: (base) => `${base}-${suffix}`,
    forget: (image) => void images.add(image),
    async image(tag, content = randomBytes(8).toString('hex')) {
      images.add(tag)
      const root = await files({Dockerfile: 'FROM omni-test/busybox:1\nCOPY content /content\n', content})
      const context = await readBuildContext({root})
      const id = await buildImage(engine, context, {tag, labels: {}, env: {HOME: folder}})
      images.add(id)
      return id
    },
    async [Symbol.asyncDispose]() {
      for (const image of images) await removeImage(engine, image)
      engine.close()
      await rm(folder, {recursive: true, force: true})
    },
  }
}

export async function removeImage(engine: Engine, image: string): Promise<void> {
  try {
    await engine.call('DELETE', `/images/${image}`, {query: {force: true}})
  } catch (error) {
    if (!isRefusal(error, 404)) throw error
  }
}

/** A gzipped tar of a folder. */
export async function archiveOf(folder: string, file: string): Promise<string> {
  const {createHash} = await import('node:crypto')
  const chunks: Buffer[] = []
  const archive = create({cwd: folder, gzip: true, portable: true}, ['.'])
  for await (const chunk of Readable.from(archive as AsyncIterable<Buffer>)) chunks.push(chunk)
  const content = Buffer.concat(chunks)
  await writeFile(file, content)
  return `sha256:${createHash('sha256').update(content).digest('hex')}`
}

export interface FaultyRegistry extends AsyncDisposable {
  readonly host: string
  readonly requests: string[]
}

/** In front of a registry: `fault` answers a request itself (true), or lets it pass. */
export async function startFaulty(
  behind: string,
  fault: (request: IncomingMessage, response: ServerResponse) => boolean,
): Promise<FaultyRegistry> {
  const requests: string[] = []
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`)
    if (fault(request, response)) return
    const [hostname, port] = behind.split(':')
    const onward = httpRequest({
      hostname,
      port,
      method: request.method,
      path: request.url,
      headers: request.headers,
    })
    onward.on('response', (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    })
    onward.on('error', () => response.destroy())
    request.on('error', () => onward.destroy())
    request.pipe(onward)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const {port} = server.address() as AddressInfo
  return {
    host: `127.0.0.1:${port}`,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
