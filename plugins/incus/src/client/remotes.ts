import {createPrivateKey, X509Certificate} from 'node:crypto'
import {readFile} from 'node:fs/promises'
import {homedir} from 'node:os'
import {join} from 'node:path'
import {
  type DriverContext,
  didYouMean,
  fingerprintOf,
  type HttpTls,
  messageOf,
  OmniError,
  reasonOf,
} from '@omni-cli/sdk'
import * as z from 'zod/mini'

/** A server as the program `incus` knows it. */
export interface Remote {
  readonly name: string
  /** `https://…` or `unix:…`, as it is written there. */
  readonly url: string
  readonly project?: string | undefined
  /** Where its certificates are. */
  readonly folder: string
}

const remoteWire = z.object({
  addr: z.string(),
  protocol: z._default(z.string(), 'incus'),
  project: z.optional(z.string()),
  auth_type: z._default(z.string(), 'tls'),
})
const configWire = z.object({remotes: z._default(z.record(z.string(), remoteWire), {})})

/** The remote of `$INCUS_CONF` or `~/.config/incus`, else of `/etc/incus`. CONFIG_INVALID for one that we cannot use. */
export async function readRemote(env: DriverContext['env'], name: string): Promise<Remote> {
  const own = env.INCUS_CONF || join(env.HOME || homedir(), '.config', 'incus')
  const folders = [own, '/etc/incus']
  const names = new Set<string>(['local'])
  for (const folder of folders) {
    const {remotes} = await readConfig(join(folder, 'config.yml'))
    const remote = Object.hasOwn(remotes, name) ? remotes[name] : undefined
    if (remote !== undefined) return usable(name, remote, folder)
    for (const known of Object.keys(remotes)) names.add(known)
  }
  if (name === 'local') return {name, url: 'unix:', folder: own}
  throw new OmniError('CONFIG_INVALID', `the incus program knows no remote '${name}'`, {
    hint: didYouMean(name, names) ?? 'incus remote list',
  })
}

function usable(name: string, remote: z.output<typeof remoteWire>, folder: string): Remote {
  const {addr, project, protocol, auth_type} = remote
  if (protocol !== 'incus') {
    throw new OmniError('CONFIG_INVALID', `the remote '${name}' has images alone (${protocol})`, {
      hint: 'incus remote list',
    })
  }
  if (auth_type !== 'tls' && addr.startsWith('https:')) {
    throw new OmniError('UNSUPPORTED', `the remote '${name}' wants a log-in by '${auth_type}'`, {
      hint: `incus remote add ${name}-tls ${addr} --auth-type tls`,
    })
  }
  return {name, url: addr, project, folder}
}

async function readConfig(path: string): Promise<z.output<typeof configWire>> {
  const text = await readIfThere(path)
  if (text === undefined) return {remotes: {}}
  const {parse} = await import('yaml')
  try {
    return configWire.parse(parse(text) ?? {})
  } catch (error) {
    const [issue] = error instanceof z.core.$ZodError ? error.issues : []
    const [line] = messageOf(error).split('\n')
    const first = issue === undefined ? line : `${issue.message} at ${issue.path.map(String).join('.')}`
    throw new OmniError('CONFIG_INVALID', `'${path}' cannot be read: ${first}`, {
      hint: 'incus remote list',
      cause: error,
    })
  }
}

/** The certificate of the `incus` program, and that of the server when the program has accepted one. */
export async function remoteCertificates({name, folder}: Remote, fingerprint: string | undefined): Promise<HttpTls> {
  const read = (...path: string[]) => readIfThere(join(folder, ...path))
  const known = await read('servercerts', `${name}.crt`)
  const cert = (await read('clientcerts', `${name}.crt`)) ?? (await read('client.crt'))
  const key = (await read('clientcerts', `${name}.key`)) ?? (await read('client.key'))
  if (cert === undefined || key === undefined) {
    throw new OmniError('UNAUTHORIZED', `there is no client certificate in '${folder}'`, {
      hint: `incus remote add ${name} ADDRESS makes one`,
    })
  }
  const pin = fingerprint ?? known
  checkCertificates({cert, key, pin}, folder)
  return {cert, key, pin}
}

/** CONFIG_INVALID for files that are damaged, do not belong together or want a password. */
export function checkCertificates({cert = '', key = '', pin}: HttpTls, folder: string): void {
  try {
    if (pin?.includes('-----BEGIN') === true) fingerprintOf(pin)
    if (new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))) return
  } catch (error) {
    throw new OmniError('CONFIG_INVALID', `a certificate or key in '${folder}' cannot be used: ${messageOf(error)}`, {
      cause: error,
    })
  }
  throw new OmniError('CONFIG_INVALID', `the client certificate in '${folder}' is not that of its key`)
}

/** Undefined when there is no such file; IO when it cannot be read. */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw new OmniError('IO', `cannot read '${path}': ${reasonOf(error)}`, {cause: error})
  }
}
