import {readFile} from 'node:fs/promises'
import {homedir} from 'node:os'
import {join} from 'node:path'
import {type DriverContext, didYouMean, OmniError} from '@omni-cli/sdk'
import * as z from 'zod/mini'
import {IMAGES_REMOTE} from './images-names.ts'

/** A server that images are taken from. */
export interface Remote {
  readonly server: string
  readonly protocol: 'simplestreams' | 'incus' | 'oci'
  /** Of a server whose certificate nobody vouches for. */
  readonly certificate?: string | undefined
  /** Whether it gives images to anybody. */
  readonly isPublic: boolean
}

/** Servers by name, read when first asked for. */
export type Remotes = () => Promise<ReadonlyMap<string, Remote>>

const BUILT_IN: readonly [string, Remote][] = [
  [IMAGES_REMOTE, {server: 'https://images.linuxcontainers.org', protocol: 'simplestreams', isPublic: true}],
  ['docker', {server: 'https://docker.io', protocol: 'oci', isPublic: true}],
]

const configWire = z.object({
  remotes: z._default(
    z.record(
      z.string(),
      z.object({
        addr: z.optional(z.string()),
        protocol: z._default(z.string(), 'incus'),
        public: z._default(z.boolean(), false),
      }),
    ),
    {},
  ),
})

/** The servers that the `incus` program knows, and those that everybody knows. */
export function readRemotes({env}: Pick<DriverContext, 'env'>): Remotes {
  let remotes: Promise<ReadonlyMap<string, Remote>> | undefined
  return () => {
    remotes ??= remotesIn(env.INCUS_CONF ?? join(env.HOME ?? homedir(), '.config', 'incus'))
    return remotes
  }
}

async function remotesIn(folder: string): Promise<ReadonlyMap<string, Remote>> {
  const text = await readFile(join(folder, 'config.yml'), 'utf8').catch(() => undefined)
  if (text === undefined) return new Map(BUILT_IN)
  const {parse} = await import('yaml')
  const {data} = configWire.safeParse(parse(text))
  const own = await Promise.all(
    Object.entries(data?.remotes ?? {}).map(async ([name, {addr, protocol, public: isPublic}]) => {
      const isKnown = protocol === 'simplestreams' || protocol === 'incus' || protocol === 'oci'
      if (addr === undefined || !addr.startsWith('https://') || !isKnown) return []
      const file = join(folder, 'servercerts', `${name}.crt`)
      const certificate = await readFile(file, 'utf8').catch(() => undefined)
      return [[name, {server: addr, protocol, certificate, isPublic: isPublic || protocol !== 'incus'}]] as const
    }),
  )
  return new Map<string, Remote>([...BUILT_IN, ...own.flat()])
}

/** The server of that name. MANIFEST_INVALID when there is none, UNSUPPORTED for one that gives its images to friends alone. */
export async function knownRemote(name: string, remotes: Remotes): Promise<Remote> {
  const known = await remotes()
  const remote = known.get(name)
  if (remote === undefined) {
    throw new OmniError('MANIFEST_INVALID', `no image server is called '${name}'`, {
      hint: didYouMean(name, known.keys()) ?? 'incus remote list',
    })
  }
  if (!remote.isPublic) {
    throw new OmniError('UNSUPPORTED', `the server '${name}' gives its images to its own clients alone`, {
      hint: `incus image copy ${name}:ALIAS local: --copy-aliases`,
    })
  }
  return remote
}
