import {type DriverContext, OmniError} from '@omni-cli/sdk'
import type {KubernetesSettings} from '../config.ts'
import type {KubeClient} from './kube-client.ts'

const clients = new WeakMap<DriverContext, Promise<KubeClient>>()

/** The client of a run: all drivers of this plugin share one. */
export function openClient(context: DriverContext, settings: KubernetesSettings): Promise<KubeClient> {
  const known = clients.get(context) ?? createClient(context, settings)
  clients.set(context, known)
  return known
}

async function createClient(context: DriverContext, _settings: KubernetesSettings): Promise<KubeClient> {
  throw new OmniError('UNSUPPORTED', `not yet: ${context.context}`)
}
