import {createHash} from 'node:crypto'
import {readFile} from 'node:fs/promises'
import {dirname, join} from 'node:path'
import {makePrivateFolder, type ObjectKind, writeFileAtomic} from '@omni-cli/sdk'

/** Kinds of one version of one group. */
export interface KnownVersion {
  /** When it was asked, in ms since 1970. */
  readonly at: number
  /** Absent: it did not answer. */
  readonly kinds?: readonly ObjectKind[] | undefined
}

/** What is known of a server. */
export interface Known {
  /** When all groups were asked for; 0 before. */
  readonly at: number
  /** Every `group/version`, in the order of the server: its groups by priority, in each the preferred version first. */
  readonly order: readonly string[]
  readonly versions: Readonly<Record<string, KnownVersion>>
}

const FORMAT = 1

const NOTHING_KNOWN: Known = {at: 0, order: [], versions: {}}

/** Kinds of Kubernetes itself change with its version alone. */
const BUILT_IN_MS = 6 * 3_600_000
/** Others are installed, changed and removed while one works. */
const CUSTOM_MS = 5 * 60_000
/** A server of other people's kinds that did not answer is asked again soon. */
const SILENT_MS = 30_000

const BUILT_IN =
  /^(?:v\d[^/]*|(?:[a-z]+|[a-z]+\.k8s\.io|rbac\.authorization\.k8s\.io|(?:flowcontrol|internal)\.apiserver\.k8s\.io)\/.+)$/

/** Served by others than the API server itself, or defined by an object. */
export const isCustom = (apiVersion: string): boolean =>
  !BUILT_IN.test(apiVersion) || apiVersion.startsWith('metrics.k8s.io/')

export function isFreshVersion(apiVersion: string, {at, kinds}: KnownVersion): boolean {
  const limitMs = kinds === undefined ? SILENT_MS : isCustom(apiVersion) ? CUSTOM_MS : BUILT_IN_MS
  return Date.now() - at < limitMs
}

/** All groups were asked for, lately, and none of them has become old since. */
export const isRecent = ({at, order, versions}: Known): boolean =>
  Date.now() - at < CUSTOM_MS &&
  order.every((apiVersion) => {
    const version = versions[apiVersion]
    return version !== undefined && isFreshVersion(apiVersion, version)
  })

/** A file per server. It may be deleted at any time, and be of any age. */
export interface DiscoveryCache {
  read(): Promise<Known>
  /** Kept in memory at once and written afterwards; one that cannot be written is none. */
  change(change: (known: Known) => Known): Known
}

export function openDiscoveryCache(home: string, server: string): DiscoveryCache {
  const name = createHash('sha256').update(server).digest('hex').slice(0, 24)
  const file = join(home, 'cache', 'kube', `${name}.json`)
  let known: Known | undefined
  let reading: Promise<Known> | undefined
  let isWriting = false
  const write = async (): Promise<void> => {
    if (isWriting) return
    isWriting = true
    let written: Known | undefined
    try {
      makePrivateFolder(dirname(file))
      while (written !== known) {
        written = known
        await writeFileAtomic(file, JSON.stringify({format: FORMAT, ...known}))
      }
    } catch {
      // Asked again the next time.
    } finally {
      isWriting = false
    }
  }
  return {
    async read() {
      reading ??= readStored(file)
      const stored = await reading
      known ??= stored
      return known
    },
    change(change) {
      known = change(known ?? NOTHING_KNOWN)
      void write()
      return known
    },
  }
}

async function readStored(file: string): Promise<Known> {
  try {
    const stored: unknown = JSON.parse(await readFile(file, 'utf8'))
    return isKnown(stored) ? stored : NOTHING_KNOWN
  } catch {
    return NOTHING_KNOWN
  }
}

const isKnown = (stored: unknown): stored is Known =>
  typeof stored === 'object' &&
  stored !== null &&
  'format' in stored &&
  stored.format === FORMAT &&
  'at' in stored &&
  typeof stored.at === 'number' &&
  'order' in stored &&
  Array.isArray(stored.order) &&
  'versions' in stored &&
  typeof stored.versions === 'object' &&
  stored.versions !== null
