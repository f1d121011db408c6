import {readFile} from 'node:fs/promises'
import {homedir} from 'node:os'
import {join} from 'node:path'
import {OmniError, reasonOf} from '@omni-cli/sdk'
import {z} from 'zod'
import {runGroup} from '../../../sources/run-group.ts'
import {DOCKER_HUB} from './reference.ts'

type Environment = Readonly<Record<string, string | undefined>>

export interface CredentialOptions {
  readonly env: Environment
  readonly signal?: AbortSignal | undefined
  /** How long a helper may take; default 30 s. */
  readonly helperMs?: number | undefined
}

/** What a registry is logged in with. Never part of a log, an error or an argument. */
export interface Credentials {
  readonly username?: string | undefined
  readonly password?: string | undefined
  readonly identitytoken?: string | undefined
  readonly serveraddress: string
}

const configFile = z.object({
  auths: z
    .record(
      z.string(),
      z.object({
        auth: z.string().optional(),
        username: z.string().optional(),
        password: z.string().optional(),
        identitytoken: z.string().optional(),
      }),
    )
    .nullish(),
  credsStore: z.string().nullish(),
  credHelpers: z.record(z.string(), z.string()).nullish(),
})

type ConfigFile = z.output<typeof configFile>

/** How Docker's own login files its registry, for historical reasons. */
const HUB_KEY = 'https://index.docker.io/v1/'
const HELPER_MS = 30_000

/**
 * Credentials of a registry from Docker's configuration (`DOCKER_CONFIG`, else `~/.docker/config.json`): the helper of
 * this registry, else the one for all, else what stands in the file. Undefined when it knows none.
 * CONFIG_INVALID for a broken file, UNAUTHORIZED when a helper fails.
 */
export async function findCredentials(registry: string, options: CredentialOptions): Promise<Credentials | undefined> {
  const config = await readConfig(options.env)
  if (config === undefined) return undefined
  const keys = keysOf(registry)
  const own = keys.map((key) => ({key, helper: config.credHelpers?.[key]})).find(({helper}) => helper !== undefined)
  if (own?.helper !== undefined) return askHelper(own.helper, own.key, options)
  const server = keys[0] ?? registry
  const stored = config.credsStore ? await askHelper(config.credsStore, server, options) : undefined
  return stored ?? fromFile(config, keys)
}

/** Value of the header `X-Registry-Auth`; the Engine's own default, an empty object, when nothing is known. */
export async function registryAuth(registry: string, options: CredentialOptions): Promise<string> {
  return encodeHeader((await findCredentials(registry, options)) ?? {})
}

/** Value of the header `X-Registry-Config`, which a build pulls its base images with. */
export async function registryConfig(registries: Iterable<string>, options: CredentialOptions): Promise<string> {
  const found: Record<string, Credentials> = {}
  for (const registry of new Set(registries)) {
    const credentials = await findCredentials(registry, options)
    if (credentials !== undefined) found[registry === DOCKER_HUB ? HUB_KEY : registry] = credentials
  }
  return encodeHeader(found)
}

/** URL-safe, but with the padding that the Engine insists on. */
const encodeHeader = (value: object): string =>
  Buffer.from(JSON.stringify(value)).toString('base64').replaceAll('+', '-').replaceAll('/', '_')

const keysOf = (registry: string): string[] =>
  registry === DOCKER_HUB
    ? [HUB_KEY, 'index.docker.io', DOCKER_HUB, 'registry-1.docker.io']
    : [registry, `https://${registry}`, `http://${registry}`, `https://${registry}/v1/`, `https://${registry}/v2/`]

async function readConfig(env: Environment): Promise<ConfigFile | undefined> {
  const file = join(env.DOCKER_CONFIG || join(env.HOME || homedir(), '.docker'), 'config.json')
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw new OmniError('IO', `cannot read '${file}': ${reasonOf(error)}`, {cause: error})
  })
  if (text === undefined || text.trim() === '') return undefined
  const parsed = configFile.safeParse(parseJson(text))
  if (parsed.success) return parsed.data
  // The text of the mistake could hold a part of a password.
  throw new OmniError('CONFIG_INVALID', `'${file}' is no configuration of Docker`, {
    hint: `docker login, or fix ${file}`,
  })
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function fromFile({auths}: ConfigFile, keys: readonly string[]): Credentials | undefined {
  for (const key of keys) {
    const entry = auths?.[key]
    if (entry === undefined) continue
    if (entry.identitytoken) return {identitytoken: entry.identitytoken, serveraddress: key}
    const text = entry.auth === undefined ? undefined : Buffer.from(entry.auth, 'base64').toString('utf8')
    const colon = text?.indexOf(':') ?? -1
    const username = colon > 0 ? text?.slice(0, colon) : entry.username
    const password = colon > 0 ? text?.slice(colon + 1).replace(/\0+$/, '') : entry.password
    if (username !== undefined && password !== undefined) return {username, password, serveraddress: key}
  }
  return undefined
}

const helperAnswer = z.object({Username: z.string(), Secret: z.string()})

/** The protocol of credential helpers: the server on stdin, JSON on stdout; on failure a text on stdout. */
async function askHelper(helper: string, server: string, options: CredentialOptions): Promise<Credentials | undefined> {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(helper)) {
    throw new OmniError('CONFIG_INVALID', `'${helper}' in Docker's configuration is no name of a credential helper`)
  }
  const program = `docker-credential-${helper}`
  const {signal, env} = options
  const {exitCode, stdout} = await runGroup([program, 'get'], {
    ...{input: `${server}\n`, env: {...process.env, ...env}, signal, timeoutMs: options.helperMs ?? HELPER_MS},
  })
  if (exitCode !== 0) {
    if (/credentials not found|no credentials/i.test(stdout)) return undefined
    throw new OmniError('UNAUTHORIZED', `'${program}' gave no credentials for ${server} (exit ${exitCode})`, {
      hint: `echo ${server} | ${program} get`,
    })
  }
  const parsed = helperAnswer.safeParse(parseJson(stdout))
  if (!parsed.success) throw new OmniError('UNAUTHORIZED', `'${program}' did not answer as a credential helper does`)
  const {Username, Secret} = parsed.data
  // What a helper says when the secret is a token of its own and no password.
  if (Username === '<token>') return {identitytoken: Secret, serveraddress: server}
  return {username: Username, password: Secret, serveraddress: server}
}
