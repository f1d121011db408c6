import {type CallOptions, type HttpAnswer, type HttpRequest, OmniError} from '@omni-cli/sdk'
import {z} from 'zod'
import {decryptWith, encryptFor, newIdentity} from '../secrets/age.ts'
import {readDocument, type SecretEntry, writeDocument} from '../secrets/document.ts'
import type {SecretName} from '../secrets/reference.ts'
import {failureOf} from './failure.ts'
import {queryOf} from './requests.ts'
import type {OpenTarget} from './server-target.ts'
import {readJson, readWire} from './wire.ts'

/** A secret as the server tells of it; its value is never told. */
export interface SecretInfo extends SecretName {
  /** RFC 3339. */
  readonly createdAt: string
  readonly updatedAt: string
  readonly updatedBy: string
  /** Services whose environment asks for it. */
  readonly usedBy: readonly string[]
}

export interface SecretList {
  readonly secrets: readonly SecretInfo[]
  /** What services ask for and nobody has set. */
  readonly missing: readonly (SecretName & {readonly usedBy: readonly string[]})[]
}

export interface PutAnswer {
  readonly set: readonly SecretName[]
  readonly unchanged: readonly SecretName[]
  readonly kept: readonly SecretName[]
  /** Services that run with what was set before. */
  readonly usedBy: readonly string[]
}

export type OnConflict = 'replace' | 'keep' | 'refuse'

const scoped = z.object({key: z.string(), scope: z.string().optional()})
const named = z.object({key: z.string(), project: z.string().optional()})
const users = z.array(z.string())
const listWire = z.object({
  secrets: z.array(
    scoped.extend({created_at: z.string(), updated_at: z.string(), updated_by: z.string(), used_by: users}),
  ),
  missing: z.array(scoped.extend({used_by: users})).default([]),
})
const putWire = z.object({set: z.array(named), unchanged: z.array(named), kept: z.array(named), used_by: users})

export type SecretsClient = ReturnType<typeof createSecretsClient>

/** The secrets of a server of ours. Values travel encrypted to its public key, whatever the connection is. */
export function createSecretsClient({http, target}: OpenTarget) {
  const send = async (request: HttpRequest, {signal}: CallOptions = {}): Promise<HttpAnswer> => {
    const answer = await http.request(target, {...request, headers: {accept: 'application/json'}}, {signal})
    if (answer.status === 404 && answer.text === '') throw unknownRoutes()
    if (answer.status >= 400) throw failureOf(answer)
    return answer
  }
  const ask = async <T>(schema: z.ZodType<T>, what: string, request: HttpRequest, options?: CallOptions): Promise<T> =>
    readWire(schema, readJson((await send(request, options)).text, what), what)

  const recipient = async (options?: CallOptions): Promise<string> => {
    const request: HttpRequest = {method: 'GET', path: '/api/v1/secrets/recipient'}
    return (await ask(z.object({recipient: z.string()}), 'its public key', request, options)).recipient
  }
  const exportTo = async (
    recipients: readonly string[],
    {project, secrets, ...options}: CallOptions & ExportScope = {},
  ): Promise<{age: string; secrets: readonly SecretName[]}> => {
    const json = {recipients, project: project ?? null, secrets: secrets ?? null}
    const request: HttpRequest = {method: 'POST', path: '/api/v1/secrets/export', json}
    return ask(z.object({age: z.string(), secrets: z.array(named)}), 'an export', request, options)
  }

  return {
    async list(project?: string, options?: CallOptions): Promise<SecretList> {
      const request: HttpRequest = {method: 'GET', path: `/api/v1/secrets${queryOf({project})}`}
      const {secrets, missing} = await ask(listWire, 'secrets', request, options)
      return {
        secrets: secrets.map(({scope, created_at, updated_at, updated_by, used_by, key}) => ({
          ...nameOf(key, scope),
          createdAt: created_at,
          updatedAt: updated_at,
          updatedBy: updated_by,
          usedBy: used_by,
        })),
        missing: missing.map(({key, scope, used_by}) => ({...nameOf(key, scope), usedBy: used_by})),
      }
    },
    /** Sets all or none. CONFLICT with `refuse` when one is set to something else. */
    async put(entries: readonly SecretEntry[], onConflict: OnConflict, options?: CallOptions): Promise<PutAnswer> {
      const age = await encryptFor([await recipient(options)], writeDocument(entries))
      const json = {age, on_conflict: onConflict}
      const request: HttpRequest = {method: 'POST', path: '/api/v1/secrets/import', json}
      const {used_by, ...outcome} = await ask(putWire, 'an import', request, options)
      return {...outcome, usedBy: used_by}
    },
    /** NOT_FOUND when there is none. Returns the services that used it. */
    async remove({key, project}: SecretName, options?: CallOptions): Promise<readonly string[]> {
      const path = `/api/v1/secrets/${encodeURIComponent(key)}${queryOf({project})}`
      const answer = await ask(z.object({used_by: users}), 'a removal', {method: 'DELETE', path}, options)
      return answer.used_by
    },
    async rotate(options?: CallOptions): Promise<number> {
      const request: HttpRequest = {method: 'POST', path: '/api/v1/secrets/rotate'}
      return (await ask(z.object({secrets: z.number()}), 'a rotation', request, options)).secrets
    },
    /** An age file for the recipients. */
    exportTo,
    /** The value itself, encrypted to a key that nobody else has ever seen. The server writes down who has asked. */
    async reveal(name: SecretName, options?: CallOptions): Promise<string> {
      const own = await newIdentity()
      const {age} = await exportTo([own.recipient], {...options, secrets: [name]})
      const [entry] = readDocument(JSON.parse(await decryptWith([own.identity], age))) ?? []
      if (entry === undefined) throw new OmniError('UNAVAILABLE', 'the server sent no value')
      return entry.value
    },
  }
}

interface ExportScope {
  readonly project?: string | undefined
  readonly secrets?: readonly SecretName[] | undefined
}

const nameOf = (key: string, scope: string | undefined): SecretName => ({
  key,
  ...(scope === undefined ? {} : {project: scope}),
})

const unknownRoutes = (): OmniError =>
  new OmniError('UNSUPPORTED', 'this server keeps no secrets that omni can set', {
    hint: 'on its machine: orca secrets set',
  })
