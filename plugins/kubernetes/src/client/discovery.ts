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

export type Discovery = Pick<KubeClient, 'kinds' | 'findKind'>
type Ask = <T>(request: KubeRequest, options: CallOptions) => Promise<T>

/** Which kinds are served: from memory, the disk, or the server. What is not found there is asked for again. */
export function openDiscovery(ask: Ask, cache: DiscoveryCache): Discovery {
  /** Versions that were asked in this run: nothing can be newer. */
  const asked = new Map<string, Promise<KnownVersion>>()
  let hasAskedAll = false

  const askVersion = versionAsker(ask, asked)
  /** Of one version alone, without the questions for all other groups. */
  const kindsOf = async (apiVersion: string, {fresh, ...options}: CallOptions & {readonly fresh: boolean}) => {
    const known = (await cache.read()).versions[apiVersion]
    if (!fresh && known?.kinds !== undefined && isFreshVersion(apiVersion, known)) return known.kinds
    const found = await (asked.get(apiVersion) ?? askVersion(apiVersion, options))
    cache.change((now) => ({...now, versions: {...now.versions, [apiVersion]: found}}))
    return found.kinds ?? []
  }
  /** @param keeps which known versions need not be asked again */
  const askAll = async (options: CallOptions, keeps: typeof isFreshVersion): Promise<Known> => {
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
          if (old !== undefined && keeps(apiVersion, old)) return [apiVersion, old]
          return [apiVersion, await (asked.get(apiVersion) ?? askVersion(apiVersion, options)).catch(silent)]
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
      if (fresh) {
        asked.clear()
        return preferred(await askAll(options, () => false))
      }
      return preferred(isRecent(known) ? known : await askAll(options, isFreshVersion))
    },
    async findKind(wanted, options = {}) {
      if (typeof wanted !== 'string') {
        const {apiVersion, kind} = wanted
        const isIt = (entry: ObjectKind) => entry.kind === kind
        const found = (await kindsOf(apiVersion, {...options, fresh: false})).find(isIt)
        return found ?? (await kindsOf(apiVersion, {...options, fresh: true})).find(isIt)
      }
      const known = await cache.read()
      const found = known.at === 0 ? undefined : findByWord(served(known, isFreshVersion), wanted)
      if (found !== undefined || hasAskedAll) return found
      const now = await askAll(
        options,
        (apiVersion, version) => !isCustom(apiVersion) && isFreshVersion(apiVersion, version),
      )
      hasAskedAll = true
      return findByWord(served(now), wanted)
    },
  }
}

/** The same version is asked once, however many want it; one that failed is asked again. */
function versionAsker(ask: Ask, asked: Map<string, Promise<KnownVersion>>) {
  return (apiVersion: string, options: CallOptions): Promise<KnownVersion> => {
    const request: KubeRequest = {method: 'GET', path: groupPath(apiVersion)}
    const answer = ask<Parameters<typeof kindsIn>[0]>(request, options).then(
      (found): KnownVersion => ({at: Date.now(), kinds: kindsIn(found, apiVersion)}),
      (error: unknown): KnownVersion => {
        asked.delete(apiVersion)
        if (isOmniError(error) && error.code === 'NOT_FOUND') return {at: Date.now(), kinds: []}
        throw error
      },
    )
    asked.set(apiVersion, answer)
    return answer
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
