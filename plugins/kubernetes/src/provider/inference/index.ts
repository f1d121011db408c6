import type {CallOptions, EndpointAnswer, ListOptions, RemoveOptions, Service} from '@omni-cli/sdk'
import type {KubeClient} from '../../client/kube-client.ts'
import type {Flavour, PodGroup} from '../flavour.ts'
import type {Parts} from './component.ts'
import {gatherAll, gatherOne} from './gather.ts'
import {toService} from './map.ts'
import {DEFAULT_PORT, LABEL, MAIN_CONTAINER} from './names.ts'

/**
 * InferenceServices of OME, seen as services. Their name, namespace and labels are those of the InferenceService; nothing is
 * noted on it: the operator copies its labels and annotations into pod templates, and a change of them restarts every pod.
 */
export function createInference(client: KubeClient): Flavour {
  // What changes something is only loaded when something is changed.
  const verbs = () => import('./stop-start.ts')
  return {
    list: async (options?: ListOptions) => (await gatherAll(client, options)).map(toService),
    get: async (name: string, options?: CallOptions): Promise<Service | undefined> => {
      const parts = await gatherOne(client, name, options)
      return parts && toService(parts)
    },
    remove: async (name: string, options?: RemoveOptions) => (await verbs()).removeService(client, name, options),
    start: async (name, options) => (await verbs()).startService(client, name, options),
    stop: async (name, options) => (await verbs()).stopService(client, name, options),
    restart: async (name, options) => (await verbs()).restartService(client, name, options),
    scale: async (name, replicas, options) => {
      const {scaleService} = await import('./scale.ts')
      return scaleService(client, name, replicas, options)
    },
    pods: async (name, options) => {
      const parts = await gatherOne(client, name, options)
      return parts && podGroupOf(client, parts)
    },
    probe: async (name: string, options?: CallOptions): Promise<EndpointAnswer[]> => {
      const parts = await gatherOne(client, name, options)
      if (parts === undefined) return []
      const {probePods} = await import('./probe.ts')
      return probePods(client, parts, options)
    },
  }
}

async function podGroupOf(client: KubeClient, parts: Parts): Promise<PodGroup> {
  const [{entryOf}, {portOf}, {podsOfComponent}] = await Promise.all([
    import('./probe.ts'),
    import('./replicas.ts'),
    import('./component.ts'),
  ])
  const {name, namespace = client.namespace} = parts.service.metadata
  const entry = entryOf(parts)
  const [pod] = podsOfComponent(parts, entry)
  const selector = `${LABEL.service}=${name}`
  return {
    ...{namespace, selector, entrySelector: `${selector},${LABEL.component}=${entry}`, service: name},
    ...{container: MAIN_CONTAINER, port: pod === undefined ? DEFAULT_PORT : portOf(pod)},
  }
}
