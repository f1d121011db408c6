import {type CallOptions, isOmniError, type ObjectKind} from '@omni-cli/sdk'
import {
  type DiscoveryCache,
  isCustom,
  isFreshVersion,
  isRecent,
  type Known,
  type KnownVersion,
} from './discovery-cache.ts'
import {GROUPS_ACCEPT, type GroupsAnswer, groupsIn, kindsIn} from './discovery-wire.ts'
import {findByWord} from './find-kind.ts'
import type {KubeClient, KubeRequest} from './kube-client.ts'
import {groupPath} from './paths.ts'
import {statusOf} from './status-failure.ts'

type Discovery = Pick<KubeClient, 'kinds' | 'findKind'>
type Ask = <T>(request: KubeRequest, options: CallOptions) => Promise<T>

/** Which kinds are served: from memory, the disk, or the server. What is not found there is asked for again. */
export function openDiscovery(ask: Ask, cache: DiscoveryCache): Discovery {
  let askedAllAt = 0
  const askVersion = versionAsker(ask)
  /** Of one version alone, without the questions for all other groups. */
  const kindsOf = async (apiVersion: string, {isMiss, ...options}: CallOptions & {readonly isMiss: boolean}) => {
    const known = (await cache.read()).versions[apiVersion]
    if (!isMiss && known?.kinds !== undefined && isFreshVersion(apiVersion, known)) return known.kinds
    const found = await askVersion(apiVersion, options)
    cache.change((now) => ({...now, versions: {...now.versions, [apiVersion]: found}}))
    return found.kinds ?? []
  }
  /** @param keeps which known versions need not be asked again; default none */
  const askAll = async (options: CallOptions, keeps?: typeof isFreshVersion): Promise<Known> => {
    const lists = ['/api', '/apis'].map((path) =>
      ask<GroupsAnswer>({method: 'GET', path, accept: GROUPS_ACCEPT}, options),
    )
    const groups = (await Promise.all(lists)).flatMap(groupsIn)
    const known = await cache.read()
    const versions = await Promise.all(
      groups.flatMap((group) =>
        group.versions.map(async ({apiVersion, kinds}): Promise<readonly [string, KnownVersion]> => {
          if (kinds !== undefined) return [apiVersion, {at: Date.now(), kinds}]
          const old = known.versions[apiVersion]
          if (old !== undefined && keeps?.(apiVersion, old) === true) return [apiVersion, old]
          return [apiVersion, await askVersion(apiVersion, {...options, fresh: keeps === undefined}).catch(silent)]
        }),
      ),
    )
    const found = {
      at: Date.now(),
      order: versions.map(([apiVersion]) => apiVersion),
      versions: Object.fromEntries(versions),
    }
    return cache.change(() => found)
  }

  return {
    async kinds({fresh = false, ...options} = {}) {
      const known = await cache.read()
      if (fresh) return preferred(await askAll(options))
      return preferred(isRecent(known) ? known : await askAll(options, isFreshVersion))
    },
    async findKind(wanted, options = {}) {
      if (typeof wanted !== 'string') {
        const {apiVersion, kind} = wanted
        const isIt = (entry: ObjectKind) => entry.kind === kind
        const found = (await kindsOf(apiVersion, {...options, isMiss: false})).find(isIt)
        return found ?? (await kindsOf(apiVersion, {...options, isMiss: true})).find(isIt)
      }
      const known = await cache.read()
      const found = known.at === 0 ? undefined : findByWord(served(known, isFreshVersion), wanted)
      if (found !== undefined || isNew(askedAllAt)) return found
      const now = await askAll(
        options,
        (apiVersion, version) => !isCustom(apiVersion) && isFreshVersion(apiVersion, version),
      )
      askedAllAt = now.at
      return findByWord(served(now), wanted)
    },
  }
}

/** A definition that is made in this run counts a moment later. */
const NEW_MS = 1_000

const isNew = (at: number): boolean => Date.now() - at < NEW_MS

/** The same version is asked once at a time; one miss after the other does not ask each time. */
function versionAsker(ask: Ask) {
  const asked = new Map<string, {readonly answer: Promise<KnownVersion>; endedAt?: number}>()
  const send = async (apiVersion: string, options: CallOptions): Promise<KnownVersion> => {
    try {
      const request: KubeRequest = {method: 'GET', path: groupPath(apiVersion)}
      const found = await ask<Parameters<typeof kindsIn>[0]>(request, options)
      return {at: Date.now(), kinds: kindsIn(found, apiVersion)}
    } catch (error) {
      if (isOmniError(error) && error.code === 'NOT_FOUND') return {at: Date.now(), kinds: []}
      asked.delete(apiVersion)
      throw error
    }
  }
  return (apiVersion: string, {fresh = false, ...options}: CallOptions & {readonly fresh?: boolean}) => {
    const earlier = fresh ? undefined : asked.get(apiVersion)
    if (earlier !== undefined && (earlier.endedAt === undefined || isNew(earlier.endedAt))) return earlier.answer
    const entry: {readonly answer: Promise<KnownVersion>; endedAt?: number} = {
      answer: send(apiVersion, options).finally(() => {
        entry.endedAt = Date.now()
      }),
    }
    asked.set(apiVersion, entry)
    return entry.answer
  }
}

/** Among all others, a version that is behind a service that is down must not take them with it. */
function silent(error: unknown): KnownVersion {
  const isOfOne = isOmniError(error) && (statusOf(error) !== undefined || error.code === 'TIMEOUT')
  if (!isOfOne) throw error
  return {at: Date.now()}
}

const served = (
  {order, versions}: Known,
  counts: (apiVersion: string, version: KnownVersion) => boolean = () => true,
): readonly ObjectKind[] =>
  order.flatMap((apiVersion) => {
    const version = versions[apiVersion]
    return version !== undefined && counts(apiVersion, version) ? (version.kinds ?? []) : []
  })

/** Each kind once, in the version that the server prefers for it. */
function preferred(known: Known): readonly ObjectKind[] {
  const found = new Map<string, ObjectKind>()
  for (const kind of served(known)) {
    const key = `${kind.group}/${kind.plural}`
    if (!found.has(key)) found.set(key, kind)
  }
  return [...found.values()]
}
