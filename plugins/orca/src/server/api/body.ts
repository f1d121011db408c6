import type {FastifyRequest} from 'fastify'
import type {z} from 'zod'
import {HttpProblem} from './problem.ts'

/** Orca's limit too. */
export const JSON_LIMIT_BYTES = 2 * 1024 * 1024

/** Time for a whole body that is kept in memory: a sender of one byte per second is cut. */
export const BODY_DEADLINE_MS = 20_000

export interface BodyLimits {
  readonly limitBytes?: number | undefined
  readonly deadlineMs?: number | undefined
}

/** Sees each value with the text it was written as. */
export type Reviver = (key: string, value: unknown, source: string | undefined) => unknown

/** The whole body. 413 as soon as it is known to be too long, 408 when it does not arrive in time. */
export async function readBody(request: FastifyRequest, limits: BodyLimits = {}): Promise<Buffer> {
  const {limitBytes = JSON_LIMIT_BYTES, deadlineMs = BODY_DEADLINE_MS} = limits
  const tooLong = () => new HttpProblem(413, 'Failed to buffer the request body: length limit exceeded')
  if (Number(request.headers['content-length']) > limitBytes) throw tooLong()
  const {promise, resolve, reject} = Promise.withResolvers<Buffer>()
  const chunks: Buffer[] = []
  let length = 0
  const take = (chunk: Buffer) => {
    length += chunk.length
    if (length > limitBytes) reject(tooLong())
    else chunks.push(chunk)
  }
  const end = () => resolve(Buffer.concat(chunks))
  const gone = () => reject(new HttpProblem(400, 'Failed to buffer the request body: the connection ended'))
  const late = setTimeout(() => reject(new HttpProblem(408, 'the request body did not arrive in time')), deadlineMs)
  request.raw.on('data', take).once('end', end).once('error', gone).once('close', gone)
  return promise.finally(() => {
    clearTimeout(late)
    request.raw.off('data', take).off('end', end).off('error', gone).off('close', gone)
  })
}

/** A JSON body. The refusals begin like Orca's: 415, 413, 400. */
export async function readJson(
  request: FastifyRequest,
  options: BodyLimits & {readonly reviver?: Reviver | undefined} = {},
): Promise<unknown> {
  if (!/^application\/([^;\s]+\+)?json\s*(;|$)/i.test(request.headers['content-type'] ?? '')) {
    throw new HttpProblem(415, 'Expected request with `Content-Type: application/json`')
  }
  return parseJson(await readBody(request, options), 'Failed to parse the request body as JSON', options.reviver)
}

/** JSON in strict UTF-8, or 400. */
export function parseJson(body: Buffer, complaint: string, reviver?: Reviver | undefined): unknown {
  // Node passes a third argument, which the library of types does not know yet.
  const withSource =
    reviver && ((key: string, value: unknown, context?: {source?: string}) => reviver(key, value, context?.source))
  try {
    return JSON.parse(new TextDecoder('utf-8', {fatal: true}).decode(body), withSource)
  } catch (error) {
    throw new HttpProblem(400, `${complaint}: ${error instanceof Error ? error.message : 'not JSON'}`)
  }
}

/** The value in the schema's type, or 422 with the place of the first problem. */
export function decode<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  throw bodyProblem(result.error.issues[0]?.path ?? [], result.error.issues[0]?.message ?? 'invalid')
}

/** 422 about a place in the body: `services[0].port: …`. */
export const bodyProblem = (path: readonly PropertyKey[], message: string): HttpProblem =>
  new HttpProblem(
    422,
    `Failed to deserialize the JSON body into the target type: ${[placeOf(path), message].filter(Boolean).join(': ')}`,
  )

const placeOf = (path: readonly PropertyKey[]): string =>
  path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
    .replace(/^\./, '')

/** A query parameter in a type of its own, or 400. */
export function queryValue<T>(
  request: FastifyRequest,
  key: string,
  parse: (text: string) => T | undefined,
): T | undefined {
  const text = new URL(request.url, 'http://x').searchParams.get(key)
  if (text === null) return undefined
  const value = parse(text)
  if (value === undefined) throw new HttpProblem(400, `Failed to deserialize query string: ${key}: invalid value`)
  return value
}

export const asBoolean = (text: string): boolean | undefined =>
  text === 'true' ? true : text === 'false' ? false : undefined

export const asCount = (text: string): number | undefined => {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : undefined
  return value
}

export const asText = (text: string): string => text
