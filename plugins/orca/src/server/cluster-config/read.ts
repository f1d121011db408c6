import {createHash} from 'node:crypto'
import {readFile, stat} from 'node:fs/promises'
import {resolve} from 'node:path'
import {hostNameProblem, isSecretKey} from '@omni-cli/sdk'
import {readConfigFile} from '@omni-cli/sdk/engine'
import {DEFAULT_LISTEN, type ListenAddress} from '../../client/listen-address.ts'
import {referencesIn} from '../../secrets/reference.ts'
import {LOOPBACK, thisHost} from '../nodes/this-host.ts'
import {type ClusterFile, clusterFile} from './schema.ts'
import {type FileToken, GOOD_LENGTH, tokenProblem, tokensOf} from './tokens.ts'

/** What the server takes from a `cluster.toml`. */
export interface ClusterConfig {
  /** Absolute. */
  readonly path: string
  /** Of the content, to know a file that has changed since. */
  readonly digest: string
  readonly name: string
  readonly acmeEmail: string | undefined
  readonly listen: ListenAddress
  /** Secrets in the clear, or references to them; see `extraTokens`. */
  readonly tokens: readonly FileToken[]
  /** Of the [[node]] that is this machine. */
  readonly nodeLabels: Readonly<Record<string, string>>
  /** What a person should know, each once: fields without effect, tokens that are too easy. */
  readonly warnings: readonly string[]
}

/** Fields that are read for the sake of Orca's files and do nothing here yet. */
const WITHOUT_EFFECT = [
  'network',
  'observability',
  'ai',
  'backup',
  'cleanup',
  'fallback',
  'deploy',
  'reconcile',
  'security_headers',
  'secrets',
] as const

/**
 * Reads Orca's `cluster.toml` strictly. CONFIG_INVALID with every problem and its place; nothing is defaulted that the file
 * gets wrong, so that no server starts without the tokens that it was given.
 */
export async function readClusterConfig(
  file: string,
  options: {readonly signal?: AbortSignal} = {},
): Promise<ClusterConfig> {
  const value = await readConfigFile(file, {
    schema: clusterFile,
    isSecret,
    check: problemsOf,
    hintFor,
    ...options,
  })
  const path = resolve(file)
  const tokens = tokensOf(value)
  return {
    path,
    digest: createHash('sha256')
      .update(await readFile(path))
      .digest('hex'),
    name: value.cluster.name,
    acmeEmail: value.cluster.acme_email,
    listen: listenOf(value.cluster),
    tokens,
    nodeLabels: Object.assign({}, ...value.node.filter(isThisHost).map(({labels}) => labels)),
    warnings: [...(await modeWarning(path, tokens)), ...tokenWarnings(value), ...effectWarnings(value)],
  }
}

/** Whether an address, with or without port, is that of this machine. */
const isThisHost = ({address}: {readonly address: string}): boolean =>
  [...LOOPBACK, thisHost()].includes(address.replace(/:\d+$/, ''))

/** Tokens, and all that sounds like a secret. */
const isSecret = (path: readonly (string | number)[]): boolean =>
  path[0] === 'api_tokens' || path.at(-1) === 'value' || isSecretKey(String(path.at(-1)))

function listenOf({api_port, api_bind}: ClusterFile['cluster']): ListenAddress {
  const host = api_bind?.[0] ?? DEFAULT_LISTEN.host
  return {host, port: api_port ?? DEFAULT_LISTEN.port, isExplicit: api_port !== undefined || api_bind !== undefined}
}

type Found = {readonly path: (string | number)[]; readonly message: string}

/** What no schema says; the values may be of any type. */
function problemsOf(written: unknown): Found[] {
  const apiTokens = listAt(written, 'api_tokens').map((value, index) => ({path: ['api_tokens', index], value}))
  const tokens = listAt(written, 'token')
  const values = [
    ...apiTokens,
    ...tokens.map((token, index) => ({path: ['token', index, 'value'], value: at(token, 'value')})),
  ]
  return [
    ...values.flatMap(({path, value}) => {
      const message = typeof value === 'string' ? tokenProblem(value) : undefined
      return message === undefined ? [] : [{path, message}]
    }),
    ...doubles(values, (first) => `this token is the same as ${first}; give each its own`),
    ...doubles(
      tokens.map((token, index) => ({path: ['token', index, 'name'], value: at(token, 'name')})),
      (first) => `this name is used by ${first} already`,
    ),
    ...clusterProblems(at(written, 'cluster')),
  ]
}

function clusterProblems(cluster: unknown): Found[] {
  const problems: Found[] = []
  const wrong = (message: string, ...path: string[]) => problems.push({path: ['cluster', ...path], message})
  const [domain, bind, email, level] = ['domain', 'api_bind', 'acme_email', 'log_level'].map((key) => at(cluster, key))
  if (typeof domain === 'string' && hostNameProblem(domain) !== undefined)
    wrong(hostNameProblem(domain) ?? '', 'domain')
  if (typeof email === 'string' && !/^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(email))
    wrong('this is no e-mail address', 'acme_email')
  if (Array.isArray(bind) && bind.length !== 1) {
    wrong('the API listens on one address here; name one, "0.0.0.0" or "::" for all', 'api_bind')
  }
  if (typeof level === 'string' && !/^(off|error|warn|info|debug|trace)$/.test(level)) {
    wrong("'log_level' must be one of off, error, warn, info, debug, trace", 'log_level')
  }
  for (const key of ['name', 'domain', 'acme_email']) {
    const value = at(cluster, key)
    if (typeof value === 'string' && referencesIn(value).length > 0) wrong('references to secrets are for tokens', key)
  }
  return problems
}

/** A problem at each value that stood somewhere before. */
function doubles(
  values: readonly {readonly path: (string | number)[]; readonly value: unknown}[],
  message: (first: string) => string,
): Found[] {
  const first = new Map<string, string>()
  return values.flatMap(({path, value}) => {
    if (typeof value !== 'string' || value === '') return []
    const before = first.get(value)
    if (before === undefined) first.set(value, placeInWords(path))
    return before === undefined ? [] : [{path, message: message(before)}]
  })
}

/** `token[0]`, counted as TOML's users do not: from 1. */
const placeInWords = ([list, index]: readonly (string | number)[]): string =>
  `${list === 'token' ? '[[token]]' : list} number ${Number(index) + 1}`

/** A list that others may read is as good as public. */
async function modeWarning(path: string, tokens: readonly FileToken[]): Promise<string[]> {
  const isSecret = tokens.some(({value}) => referencesIn(value).length === 0)
  const {mode} = await stat(path)
  return isSecret && (mode & 0o077) !== 0
    ? [`other users can read '${path}', which holds tokens: chmod 600 '${path}'`]
    : []
}

function tokenWarnings({api_tokens, token}: ClusterFile): string[] {
  const short = tokensOf({api_tokens, token}).filter(
    ({value}) => value.length < GOOD_LENGTH && referencesIn(value).length === 0,
  )
  const roleless = token.filter(({role}) => role === undefined).map(({name}) => `'${name}'`)
  return [
    ...(short.length === 0 ? [] : [`short tokens can be guessed: ${short.map(({name}) => `'${name}'`).join(', ')}`]),
    ...(roleless.length === 0 ? [] : [`tokens without a role are for admins: ${roleless.join(', ')}`]),
  ]
}

function effectWarnings(file: ClusterFile): string[] {
  const blocks = WITHOUT_EFFECT.filter((key) => {
    const value = file[key]
    return Array.isArray(value) ? value.length > 0 : value !== undefined
  })
  const {domain, grpc_port, log_level} = file.cluster
  return [
    ...blocks.map((key) => `[${key}] is read and has no effect in this version`),
    ...file.node
      .filter((node) => !isThisHost(node))
      .map(({address}) => `[[node]] '${address}' is not this machine: nodes join by themselves`),
    ...(domain === undefined ? [] : ["'cluster.domain' is read and has no effect in this version"]),
    ...(grpc_port === undefined ? [] : ["'cluster.grpc_port' is read and has no effect: there is no gRPC"]),
    ...(log_level === 'info' ? [] : ["'cluster.log_level' is read and has no effect in this version"]),
  ]
}

/** A key that TOML puts into the table above it, or that Orca's documentation puts elsewhere. */
function hintFor(key: string): string | undefined {
  if (key === 'api_tokens') return "'api_tokens' stands before the first [table]"
  if (key === 'tokens') return 'each token is a table of its own: [[token]]'
  return Object.hasOwn(clusterFile.shape, key) ? `[${key}] is a table of its own, not part of another one` : undefined
}

const at = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined

function listAt(value: unknown, key: string): readonly unknown[] {
  const list = at(value, key)
  return Array.isArray(list) ? list : []
}
