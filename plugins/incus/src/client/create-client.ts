import {type CallOptions, isOmniError, OmniError, throwIfAborted} from '@omni-cli/sdk'
import type * as z from 'zod/mini'
import {failureOfAnswer, readEnvelope, readFailure, readWire} from './answer.ts'
import {change} from './change.ts'
import type {ByteAnswer, Fetched, IncusClient, IncusRequest} from './client.ts'
import {openConnections} from './connections.ts'
import {failureOf, TRUST_HINT} from './failure.ts'
import {openOperations} from './operations.ts'
import type {Transport} from './transport.ts'
import {type Operation, operationWire, type Server, serverWire} from './wire.ts'
import {shared} from './within.ts'

const OK = 200
const CANCELLED = 401

/** The client over an open transport. */
export function createClient(transport: Transport): IncusClient {
  const {url, project} = transport.address
  const ready = shared((signal) => checkProject(transport, signal))
  const connections = openConnections(transport)
  const operations = openOperations(transport, connections)
  const {settle} = operations
  const ask = asking(transport, ready)
  const fetch = async <T>(
    schema: z.ZodMiniType<T>,
    request: IncusRequest,
    options?: CallOptions,
  ): Promise<Fetched<T>> => {
    const {envelope, headers} = await ask(request, options)
    return {value: readWire(schema, envelope.metadata, request.path), etag: textOf(headers.etag)}
  }
  const begin = async (request: IncusRequest, options?: CallOptions) => {
    const {envelope} = await ask(request, options)
    return envelope.type === 'async' ? readWire(operationWire, envelope.metadata, request.path) : undefined
  }
  const server = shared(async (signal) =>
    trusted((await fetch(serverWire, {method: 'GET', path: ''}, {signal})).value, url),
  )

  return {
    url,
    project,
    fetch,
    settle,
    server: (options) => server(options?.signal),
    has: async (extension, options) => (await server(options?.signal)).api_extensions.includes(extension),
    find: (schema, request, options) => fetch(schema, request, options).catch(absent(() => ready(options?.signal))),
    async send(request, options) {
      const operation = await begin(request, options)
      if (operation !== undefined) succeeded(await settle(operation, options))
    },
    async begin(request, options) {
      const operation = await begin(request, options)
      if (operation === undefined) throw new Error(`${request.method} ${request.path} is no operation`)
      return operation
    },
    async operate(request, options) {
      const operation = await begin(request, options)
      return operation === undefined ? undefined : succeeded(await settle(operation, options))
    },
    async download(request, options) {
      await ready(options?.signal)
      return bytesOf(transport, request, options)
    },
    async head(request, options) {
      await ready(options?.signal)
      return headersOf(transport, request, options)
    },
    async socket(path, query, options) {
      await ready(options?.signal)
      return connections.socket(path, query, options)
    },
    async upgrade(path, protocol, options) {
      await ready(options?.signal)
      return connections.upgrade(path, protocol, options)
    },
    close() {
      operations.close()
      connections.close()
    },
  }
}

/** Sends requests in a project that is there. Nothing is changed, and that nothing is there is not believed, before it is known to be. */
const asking =
  (transport: Transport, ready: (signal?: AbortSignal) => Promise<void>) =>
  async (request: IncusRequest, options: CallOptions = {}) => {
    throwIfAborted(options.signal)
    if (request.method !== 'GET') {
      await ready(options.signal)
      return opened(await change(transport, request, options))
    }
    const answer = await transport.send(request, options)
    if (answer.status >= 400) await ready(options.signal)
    const read = opened(answer)
    if (isEmpty(read.envelope.metadata)) await ready(options.signal)
    return read
  }

const opened = <A extends {readonly status: number; readonly text: string}>(answer: A) => ({
  ...answer,
  envelope: readEnvelope(answer.status, answer.text),
})

const isEmpty = (metadata: unknown): boolean =>
  metadata === null || metadata === undefined || (Array.isArray(metadata) && metadata.length === 0)

/** Incus lists nothing for a project that does not exist, so that it is asked for before anything is believed. */
async function checkProject(transport: Transport, signal: AbortSignal): Promise<void> {
  const {url, project} = transport.address
  if (project === 'default') return
  const path = `/projects/${encodeURIComponent(project)}`
  const {status, text} = await transport.send({method: 'GET', path}, {signal})
  if (status === 404) {
    throw new OmniError('NOT_FOUND', `Incus at ${url} has no project '${project}'`, {
      hint: `incus project create ${project}`,
    })
  }
  readEnvelope(status, text)
}

function trusted(server: Server, url: string): Server {
  if (server.auth === 'trusted') return server
  throw new OmniError('UNAUTHORIZED', `Incus at ${url} does not trust us`, {hint: TRUST_HINT})
}

function succeeded(operation: Operation | undefined): Operation | undefined {
  if (operation === undefined || operation.status_code === OK) return operation
  if (operation.status_code === CANCELLED) {
    throw new OmniError('CONFLICT', `cancelled on the server: ${operation.description}`)
  }
  throw failureOf({text: operation.err})
}

/** Undefined for a thing that is not there, as opposed to its project. */
const absent =
  (ready: () => Promise<void>) =>
  async (error: unknown): Promise<undefined> => {
    if (!isOmniError(error) || error.code !== 'NOT_FOUND') throw error
    await ready()
  }

async function bytesOf(transport: Transport, request: IncusRequest, options?: CallOptions): Promise<ByteAnswer> {
  const {status, headers, body} = await transport.stream(request, options)
  if (status < 400) return {headers, body}
  throw failureOfAnswer(status, await readFailure(body))
}

async function headersOf(transport: Transport, request: IncusRequest, options?: CallOptions) {
  const {status, headers} = await transport.send({...request, method: 'HEAD'}, options)
  if (status === 404) return undefined
  if (status < 400) return headers
  // An answer without a body does not say what is wrong; the same question with one does.
  const {body} = await bytesOf(transport, {...request, method: 'GET'}, options)
  for await (const _ of body) break
  throw failureOf({status, text: ''})
}

const textOf = (header: string | string[] | undefined): string | undefined =>
  Array.isArray(header) ? header[0] : header
