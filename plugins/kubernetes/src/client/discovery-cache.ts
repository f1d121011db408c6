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
  return isWithin(at, limitMs)
}

/** A time that is still to come is one of a wrong clock. */
function isWithin(at: number, limitMs: number): boolean {
  const age = Date.now() - at
  return age >= 0 && age < limitMs
}

/** All groups were asked for, lately, and none of them has become old since. */
export const isRecent = ({at, order, versions}: Known): boolean =>
  isWithin(at, CUSTOM_MS) &&
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

/** @param home empty: nothing is read or written */
export function openDiscoveryCache(home: string, server: string): DiscoveryCache {
  const name = createHash('sha256').update(server).digest('hex').slice(0, 24)
  const file = home === '' ? undefined : join(home, 'cache', 'kube', `${name}.json`)
  let known: Known | undefined
  let reading: Promise<Known> | undefined
  let isWriting = false
  const write = async (): Promise<void> => {
    if (isWriting || file === undefined) return
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
      reading ??= file === undefined ? Promise.resolve(NOTHING_KNOWN) : readStored(file)
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
  isMap(stored) &&
  stored.format === FORMAT &&
  typeof stored.at === 'number' &&
  Array.isArray(stored.order) &&
  stored.order.every((version) => typeof version === 'string') &&
  isMap(stored.versions) &&
  Object.values(stored.versions).every(isVersion)

const isVersion = (value: unknown): boolean =>
  isMap(value) &&
  typeof value.at === 'number' &&
  (value.kinds === undefined || (Array.isArray(value.kinds) && value.kinds.every(isKind)))

const isKind = (value: unknown): boolean =>
  isMap(value) &&
  ['group', 'version', 'kind', 'plural', 'singular'].every((field) => typeof value[field] === 'string') &&
  typeof value.namespaced === 'boolean' &&
  Array.isArray(value.short) &&
  Array.isArray(value.verbs)

const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
