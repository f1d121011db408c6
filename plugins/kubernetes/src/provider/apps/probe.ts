import {type CallOptions, type EndpointAnswer, isAbort, isOmniError, messageOf} from '@omni-cli/sdk'
import type {KubeClient} from '../../client/kube-client.ts'
import {livePods, type Sight, toService} from './observe.ts'
import {isReady} from './pod-state.ts'

/** Any answer of the program is one, but these say that it is not well, or was not reached. */
const ALIVE = new Set(['NOT_FOUND', 'FORBIDDEN', 'UNAUTHORIZED', 'CONFLICT', 'INVALID', 'USAGE', 'UNSUPPORTED'])

/** A request to each ready pod, through the API server: addresses of pods are only known inside. None for what speaks no http. */
export function probeApp(client: KubeClient, sight: Sight, {signal}: CallOptions = {}): Promise<EndpointAnswer[]> {
  const {spec} = toService(sight)
  if (spec.port === undefined || spec.protocol === 'tcp') return Promise.resolve([])
  const health = spec.health ?? spec.readiness?.path
  return Promise.all(
    livePods(sight.pods)
      .filter(isReady)
      .map(async ({metadata}): Promise<EndpointAnswer> => {
        const namespace = encodeURIComponent(sight.namespace)
        const base = `/api/v1/namespaces/${namespace}/pods/${encodeURIComponent(metadata.name)}:${spec.port}/proxy`
        const started = performance.now()
        const outcome = await ask(client, `${base}${health ?? '/'}`, {signal})
        const isWell = outcome === undefined || (health === undefined && ALIVE.has(outcome.code))
        return {
          ...{url: `http://${metadata.name}:${spec.port}${health ?? '/'}`, ok: isWell},
          ...(outcome === undefined ? {status: 200} : isWell ? {} : {error: outcome.message}),
          ...{ms: Math.round(performance.now() - started), note: 'through the API server'},
        }
      }),
  )
}

async function ask(client: KubeClient, path: string, call: CallOptions) {
  try {
    const body = await client.stream({method: 'GET', path, accept: '*/*'}, call)
    // That it answers is all that is asked.
    body.resume()
    return undefined
  } catch (error) {
    if (isAbort(error)) throw error
    return {code: isOmniError(error) ? error.code : 'IO', message: messageOf(error)}
  }
}
