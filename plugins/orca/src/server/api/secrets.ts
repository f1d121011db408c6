import {nameProblem, OmniError, type Service} from '@omni-cli/sdk'
import type {FastifyInstance, FastifyRequest} from 'fastify'
import {z} from 'zod'
import {isLoopback} from '../../client/listen-address.ts'
import {encryptFor} from '../../secrets/age.ts'
import {readDocument, type SecretEntry, writeDocument} from '../../secrets/document.ts'
import {keyProblem, type SecretName, secretLabel} from '../../secrets/reference.ts'
import type {SecretRecord} from '../secrets/secret-rows.ts'
import {type SecretUse, usesOf} from '../secrets/usage.ts'
import {auditTarget} from './audit.ts'
import {asText, decode, queryValue, readJson} from './body.ts'
import {type ApiContext, actorOf, param} from './context.ts'
import {HttpProblem} from './problem.ts'

/** Many values of 64 KiB, encrypted and in Base64. */
const IMPORT_LIMIT_BYTES = 32 * 1024 * 1024

const project = z.string().superRefine((value, context) => {
  const problem = nameProblem(value)
  if (problem !== undefined) context.addIssue({code: 'custom', message: problem})
})
const name = z.object({key: z.string(), project: project.nullish()})
export const setRequest = z.object({
  /** In clear; only from this machine. */
  value: z.string().nullish(),
  /** An age file for the server's recipient, holding the value. */
  age: z.string().nullish(),
  project: project.nullish(),
  scope: project.nullish(),
})
export const importRequest = z.object({
  age: z.string(),
  on_conflict: z.enum(['replace', 'keep', 'refuse']).default('refuse'),
})
export const exportRequest = z.object({
  recipients: z.array(z.string()).min(1).max(100),
  project: project.nullish(),
  /** Only these. */
  secrets: z.array(name).nullish(),
})

/** Secrets go in encrypted to the server, and come out encrypted to whom an admin names; no answer tells a value. */
export function secretRoutes(app: FastifyInstance, {control, secrets: {store, identity}}: ApiContext): void {
  const uses = async () => usesOf(await control.list(), store.list())
  const usersOf = async (names: readonly SecretName[]) => runningUsers(await uses(), names)

  app.get('/api/v1/secrets', async (request) => {
    const wanted = queryValue(request, 'project', asProject)
    const inScope = (one: SecretName) => wanted === undefined || one.project === wanted
    const all = (await uses()).filter(inScope)
    return {
      secrets: all.filter(({isSet}) => isSet).flatMap((use) => describe(use, store.get(use))),
      missing: all.filter(({isSet}) => !isSet).map((use) => ({...scopeOf(use), used_by: namesOf(use.services)})),
    }
  })
  app.get('/api/v1/secrets/usage', async () => ({
    secrets: (await uses()).map((use) => ({
      ...scopeOf(use),
      refs: use.services.map(({name, project}) => ({service_name: name, ...(project === undefined ? {} : {project})})),
      in_store: use.isSet,
    })),
  }))
  app.get('/api/v1/secrets/recipient', async () => ({recipient: await identity.recipient()}))
  app.post('/api/v1/secrets/:key', async (request) => {
    const key = keyOf(request)
    const body = decode(setRequest, await readJson(request))
    const secret = {
      ...nameOf(key, body.project ?? body.scope),
      value: await receivedValue(request, body),
    }
    const {set} = put([secret], 'replace', request)
    return {status: set.length > 0 ? 'set' : 'unchanged', ...scopeOf(secret), used_by: await usersOf([secret])}
  })
  app.delete('/api/v1/secrets/:key', async (request) => {
    const removed = nameOf(keyOf(request), queryValue(request, 'project', asProject))
    auditTarget(request, secretLabel(removed))
    const usedBy = await usersOf([removed])
    if (!store.remove(removed)) {
      throw new OmniError('NOT_FOUND', `there is no secret '${secretLabel(removed)}'`, {hint: 'omni secrets list'})
    }
    return {status: 'removed', ...scopeOf(removed), used_by: usedBy}
  })
  app.post('/api/v1/secrets/rotate', async () => ({status: 'rotated', ...store.rotate()}))
  app.post('/api/v1/secrets/import', async (request) => {
    const {age, on_conflict} = decode(importRequest, await readJson(request, {limitBytes: IMPORT_LIMIT_BYTES}))
    const outcome = put(readSecrets(await identity.open(age)), on_conflict, request)
    return {...outcome, used_by: await usersOf(outcome.set)}
  })
  app.post('/api/v1/secrets/export', async (request, reply) => {
    const {recipients, project, secrets} = decode(exportRequest, await readJson(request))
    const names = secrets?.map((one) => nameOf(one.key, one.project)) ?? store.list().filter(isOf(project))
    auditTarget(request, labelsOf(names))
    const age = await encryptFor(
      recipients,
      writeDocument(store.reveal(names.map(({key, project}) => ({key, project})))),
    )
    reply.header('cache-control', 'no-store')
    return {age, secrets: names.map(({key, project}) => ({key, ...(project === undefined ? {} : {project})}))}
  })

  const put = (entries: readonly SecretEntry[], onConflict: 'replace' | 'keep' | 'refuse', request: FastifyRequest) => {
    auditTarget(request, labelsOf(entries))
    return store.put(entries, {by: actorOf(request).name, onConflict})
  }
  /** In clear it may only come from this machine: anything else could have been read on its way. */
  const receivedValue = async (request: FastifyRequest, {value, age}: z.infer<typeof setRequest>): Promise<string> => {
    if (typeof age === 'string') return identity.open(age)
    if (typeof value !== 'string') throw new OmniError('USAGE', "the body needs 'age', or from this machine 'value'")
    if (isLocal(request)) return value
    throw new OmniError('USAGE', 'a value in clear is accepted from this machine only', {
      hint: 'omni secrets set, which encrypts it; or send it as "age", for the recipient of GET /api/v1/secrets/recipient',
    })
  }
}

/** On the socket there is no address. */
function isLocal({socket: {remoteAddress}}: FastifyRequest): boolean {
  return remoteAddress === undefined || isLoopback(remoteAddress.replace(/^::ffff:/, ''))
}

function readSecrets(text: string): SecretEntry[] {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    // The reason could quote a value.
  }
  const entries = readDocument(value)
  if (entries === undefined) throw new OmniError('USAGE', 'what is in the age file is no list of secrets')
  return entries
}

/** Without a key it is no route at all. */
function keyOf(request: FastifyRequest): string {
  const key = param(request, 'key')
  if (key === '') throw new HttpProblem(404, '')
  return key
}

/** USAGE for a key that no secret can have. */
function nameOf(key: string, project: string | null | undefined): SecretName {
  const problem = keyProblem(key)
  if (problem !== undefined) throw new OmniError('USAGE', `'${key.slice(0, 40)}' is no key of a secret: ${problem}`)
  return {key, ...(typeof project === 'string' ? {project} : {})}
}

const asProject = (text: string): string | undefined => (nameProblem(text) === undefined ? asText(text) : undefined)

const isOf = (project: string | null | undefined) => (one: SecretName) =>
  project === undefined || project === null || one.project === project

/** Orca's names: the project is the scope. */
const scopeOf = ({key, project}: SecretName) => ({key, ...(project === undefined ? {} : {scope: project})})

const describe = (use: SecretUse, record: SecretRecord | undefined) =>
  record === undefined
    ? []
    : [
        {
          ...scopeOf(use),
          created_at: record.createdAt,
          updated_at: record.updatedAt,
          updated_by: record.updatedBy,
          used_by: namesOf(use.services),
        },
      ]

const namesOf = (services: readonly Service[]): string[] => services.map(({name}) => name)

/** Services that run with what was set before; each once. */
const runningUsers = (uses: readonly SecretUse[], names: readonly SecretName[]): string[] => {
  const labels = new Set(names.map(secretLabel))
  const users = uses.filter((use) => labels.has(secretLabel(use))).flatMap(({services}) => services)
  return [...new Set(namesOf(users.filter(({status}) => status !== 'stopped')))].sort()
}

const labelsOf = (names: readonly SecretName[]): string => names.map(secretLabel).join(' ')
