import {dirname, isAbsolute, resolve} from 'node:path'
import {type Fields, fieldsOf} from './fields.ts'
import type {ClusterEntry, ContextEntry, ExecPlugin, Kubeconfig, Material, UserEntry, Written} from './kubeconfig.ts'
import {type Mistake, placedYaml, plainOf} from './places.ts'

/** One thing that is wrong with a file; line and column count from 1. */
export interface KubeconfigProblem {
  readonly file: string
  readonly line: number
  readonly column: number
  readonly message: string
}

/** Text of a kubeconfig → its entries. Everything that is wrong is added to `problems`. */
export function parseKubeconfig(text: string, file: string, problems: KubeconfigProblem[]): Kubeconfig {
  const mistakes: Mistake[] = []
  const root = fieldsOf(placedYaml(text, mistakes), '', mistakes)
  const kind = root.text('kind')
  if (kind !== undefined && kind !== 'Config') root.wrong(`kind is '${kind}'; a kubeconfig has kind 'Config'`, 'kind')
  const placeOf = lineFinder(text)
  const named = <T>(list: string, key: string, read: (fields: Fields) => T): Map<string, Written<T>> => {
    const found = new Map<string, Written<T>>()
    for (const item of root.maps(list)) {
      const name = item.text('name')
      const inner = item.map(key)
      if (name === undefined) item.wrong(`an entry of ${list} has no name`)
      if (inner === undefined) item.wrong(`an entry of ${list} has no '${key}'`)
      if (name === undefined || inner === undefined) continue
      // As kubectl has it: of two entries of one file the last counts.
      found.set(name, {file, ...placeOf(item.offset), entry: read(inner)})
    }
    return found
  }
  const config = {
    current: root.text('current-context'),
    clusters: named('clusters', 'cluster', (fields) => readCluster(fields, file)),
    users: named('users', 'user', (fields) => readUser(fields, file)),
    contexts: named('contexts', 'context', readContext),
    files: [file],
  }
  problems.push(...mistakes.map(({offset, message}) => ({file, ...placeOf(offset), message})))
  return config
}

function readContext(fields: Fields): ContextEntry {
  const cluster = fields.text('cluster')
  if (cluster === undefined) fields.wrong('a context names no cluster')
  return {cluster: cluster ?? '', user: fields.text('user'), namespace: fields.text('namespace')}
}

function readCluster(fields: Fields, file: string): ClusterEntry {
  const server = fields.text('server')
  if (server === undefined) fields.wrong('a cluster has no server')
  else if (!isUrl(server, ['http:', 'https:'])) fields.wrong(`'${server}' is no http:// or https:// address`, 'server')
  const proxy = fields.text('proxy-url')
  if (proxy !== undefined && !isUrl(proxy, ['http:', 'https:'])) {
    fields.wrong('proxy-url must be an http:// or https:// address', 'proxy-url')
  }
  const isInsecure = fields.flag('insecure-skip-tls-verify')
  const ca = readMaterial(fields, 'certificate-authority', file)
  if (isInsecure && ca !== undefined) {
    fields.wrong('insecure-skip-tls-verify and a certificate-authority exclude each other', 'insecure-skip-tls-verify')
  }
  const extension = fields.maps('extensions').find((item) => item.text('name') === 'client.authentication.k8s.io/exec')
  const execConfig = extension?.raw('extension')
  return {
    server: server ?? '',
    ca,
    serverName: fields.text('tls-server-name'),
    isInsecure,
    proxy,
    execConfig: execConfig === undefined ? undefined : plainOf(execConfig),
  }
}

const isUrl = (text: string, protocols: readonly string[]): boolean =>
  URL.canParse(text) && protocols.includes(new URL(text).protocol)

function readUser(fields: Fields, file: string): UserEntry {
  const exec = fields.map('exec')
  const tokenFile = fields.text('tokenFile')
  const user = {
    cert: readMaterial(fields, 'client-certificate', file),
    key: readMaterial(fields, 'client-key', file),
    token: fields.text('token'),
    tokenFile: tokenFile === undefined ? undefined : besides(file, tokenFile),
    username: fields.text('username'),
    password: fields.text('password'),
    exec: exec === undefined ? undefined : readExec(exec, file),
    authProvider: fields.map('auth-provider')?.text('name'),
    headers: readImpersonation(fields),
  }
  if ((user.cert === undefined) !== (user.key === undefined)) {
    fields.wrong(`${user.cert === undefined ? 'client-key' : 'client-certificate'} needs the other half beside it`)
  }
  return user
}

/** `X-data` in Base64, else the file `X`. */
function readMaterial(fields: Fields, key: string, file: string): Material | undefined {
  const encoded = fields.text(`${key}-data`)
  const path = fields.text(key)
  if (encoded !== undefined) {
    const text = Buffer.from(encoded, 'base64').toString('utf8')
    if (!/-----BEGIN [A-Z0-9 ]+-----/.test(text)) fields.wrong(`${key}-data holds no PEM in Base64`, `${key}-data`)
    return {text}
  }
  return path === undefined ? undefined : {file: besides(file, path)}
}

const SHOWN_VERSIONS = ['client.authentication.k8s.io/v1', 'client.authentication.k8s.io/v1beta1']
const INTERACTIVE = ['Never', 'IfAvailable', 'Always'] as const

function readExec(fields: Fields, file: string): ExecPlugin {
  const command = fields.text('command')
  const apiVersion = fields.text('apiVersion')
  if (command === undefined) fields.wrong('exec names no command')
  if (apiVersion === undefined || !SHOWN_VERSIONS.includes(apiVersion)) {
    fields.wrong(`exec.apiVersion must be ${SHOWN_VERSIONS.join(' or ')}`, 'apiVersion')
  }
  const mode = fields.text('interactiveMode') ?? 'IfAvailable'
  const interactive = INTERACTIVE.find((known) => known === mode)
  if (interactive === undefined) {
    fields.wrong(`exec.interactiveMode must be one of ${INTERACTIVE.join(', ')}`, 'interactiveMode')
  }
  const env = fields.maps('env').flatMap((item): [string, string][] => {
    const name = item.text('name')
    if (name === undefined) item.wrong('a variable has no name')
    return name === undefined ? [] : [[name, item.text('value') ?? '']]
  })
  const program = command !== undefined && /[/\\]/.test(command) ? besides(file, command) : (command ?? '')
  return {
    file,
    apiVersion: apiVersion ?? '',
    argv: [program, ...fields.texts('args')],
    env: Object.fromEntries(env),
    installHint: fields.text('installHint'),
    wantsCluster: fields.flag('provideClusterInfo'),
    interactive: interactive ?? 'IfAvailable',
  }
}

function readImpersonation(fields: Fields): Readonly<Record<string, string>> {
  const user = fields.text('as')
  const uid = fields.text('as-uid')
  const groups = fields.texts('as-groups')
  const [group] = groups
  if (groups.length > 1) fields.wrong('more than one group of as-groups is not supported', 'as-groups')
  if (user === undefined && (uid !== undefined || group !== undefined)) fields.wrong("as-groups and as-uid need 'as'")
  return {
    ...(user === undefined ? {} : {'Impersonate-User': user}),
    ...(uid === undefined ? {} : {'Impersonate-Uid': uid}),
    ...(group === undefined ? {} : {'Impersonate-Group': group}),
  }
}

/** Relative paths are relative to the file that names them. */
const besides = (file: string, path: string): string => (isAbsolute(path) ? path : resolve(dirname(file), path))

/** Line and column of an offset. */
function lineFinder(text: string): (offset: number) => {line: number; column: number} {
  const starts = [0]
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1)
  return (offset) => {
    let low = 0
    let high = starts.length - 1
    while (low < high) {
      const middle = Math.ceil((low + high) / 2)
      if ((starts[middle] ?? 0) <= offset) low = middle
      else high = middle - 1
    }
    return {line: low + 1, column: offset - (starts[low] ?? 0) + 1}
  }
}
