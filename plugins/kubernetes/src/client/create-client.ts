import {type CallOptions, OmniError} from '@omni-cli/sdk'
import {type ApiList, allPages, itemsOf} from './api-list.ts'
import {openDiscovery} from './discovery.ts'
import type {DiscoveryCache} from './discovery-cache.ts'
import type {KubeClient, KubeRequest} from './kube-client.ts'
import {collectionOf, objectCalls} from './object-calls.ts'
import {openRequests, protectedError, type Requests} from './requests.ts'
import type {Line} from './send.ts'
import type {Streams} from './streams/create-streams.ts'
import {watchObjects} from './watch.ts'

export interface ClientParts extends Line {
  readonly context: string
  readonly namespace: string
  readonly omeNamespace: string
  readonly isProtected: boolean
  readonly cache: DiscoveryCache
  readonly streams: Streams
}

/** The client over an open transport. */
export function createClient(parts: ClientParts): KubeClient {
  const {context, transport, namespace, omeNamespace, isProtected} = parts
  const requests = openRequests(parts, parts)
  return {
    context,
    server: transport.server,
    namespace,
    omeNamespace,
    ...requests,
    version: versionOf(requests),
    ...openDiscovery(requests.request, parts.cache),
    ...objectCalls(requests, namespace),
    watch: watchOf(requests, parts),
    ...(isProtected ? lookingOnly(parts.streams, context) : parts.streams),
  }
}

/** Programs in pods can change whatever they want. */
const lookingOnly = (streams: Streams, context: string): Streams => ({
  ...streams,
  exec: () => Promise.reject(protectedError(context)),
  attach: () => Promise.reject(protectedError(context)),
})

function versionOf({request}: Requests): KubeClient['version'] {
  let known: string | undefined
  return async (options) => {
    known ??= (await request<{gitVersion?: string}>({method: 'GET', path: '/version'}, options)).gitVersion
    return known ?? 'unknown'
  }
}

/** Longer than the server lets a watch live. */
const SILENCE_MS = 330_000

function watchOf({request, stream}: Requests, {namespace, transport}: ClientParts): KubeClient['watch'] {
  return (kind, options = {}) => {
    const collection = collectionOf(namespace, kind, options)
    const source = {
      request: collection,
      async list(call: CallOptions) {
        const pages = await allPages((page) => request<ApiList>(page, call), collection)
        return {version: pages.at(-1)?.metadata?.resourceVersion ?? '', items: pages.flatMap(itemsOf)}
      },
      async open(wanted: KubeRequest, call: CallOptions) {
        const body = await stream(wanted, call)
        const message = `the API server at ${transport.server} is silent`
        body.socket.setTimeout(SILENCE_MS, () => body.destroy(new OmniError('UNAVAILABLE', message)))
        return body
      },
    }
    return watchObjects(source, options)
  }
}
