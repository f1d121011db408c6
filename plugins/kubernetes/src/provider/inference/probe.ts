import type {EndpointAnswer} from '@omni-cli/sdk'
import {type CallOptions, isAbort, isOmniError, messageOf} from '@omni-cli/sdk'
import type {KubeClient} from '../../client/kube-client.ts'
import {textMapAt} from '../../fields.ts'
import type {Parts} from './component.ts'
import {componentsOf, podsOfComponent} from './component.ts'
import {ANNOTATION} from './names.ts'
import {portOf} from './replicas.ts'
import {isReady} from './trouble.ts'

/** What servers of models answer without a model to run: the list of models, or that they live. */
const PATHS = ['/v1/models', '/health'] as const

/** The component whose pods take requests: what the service says, else the router, else the engine. */
export function entryOf(parts: Parts): string {
  const told = textMapAt(parts.service, 'metadata', 'annotations')[ANNOTATION.entry]
  if (told !== undefined) return told
  return componentsOf(parts).some(({name}) => name === 'router') ? 'router' : 'engine'
}

/** A real request to each pod that takes requests, through the API server: its addresses are only known inside. */
export function probePods(client: KubeClient, parts: Parts, {signal}: CallOptions = {}): Promise<EndpointAnswer[]> {
  const pods = podsOfComponent(parts, entryOf(parts)).filter(isReady)
  return Promise.all(
    pods.map(async (pod): Promise<EndpointAnswer> => {
      const namespace = encodeURIComponent(pod.metadata.namespace ?? client.namespace)
      const base = `/api/v1/namespaces/${namespace}/pods/${encodeURIComponent(pod.metadata.name)}:${portOf(pod)}/proxy`
      const startedMs = performance.now()
      const answer = await ask(client, base, signal)
      return {
        ...answer,
        ms: Math.round(performance.now() - startedMs),
        note: `pod ${pod.metadata.name}, through the API server`,
      }
    }),
  )
}

type Asked = Pick<EndpointAnswer, 'url' | 'ok' | 'status' | 'error'>

async function ask(client: KubeClient, base: string, signal: AbortSignal | undefined): Promise<Asked> {
  let failure = ''
  for (const path of PATHS) {
    try {
      const body = await client.stream({method: 'GET', path: `${base}${path}`, accept: '*/*'}, {signal})
      // That it answers is all that is asked; the rest of the answer must not keep us.
      body.resume()
      return {url: path, ok: true, status: 200}
    } catch (error) {
      if (isAbort(error)) throw error
      failure = messageOf(error)
      if (!isOmniError(error) || error.code !== 'NOT_FOUND') break
    }
  }
  return {url: PATHS[0], ok: false, error: failure}
}
