import type {DriverContext, ModelCatalog, RuntimeFacet, SelectionFacet} from '@omni-cli/sdk'
import type {KubeClient} from '../../client/kube-client.ts'
import type {KubernetesSettings} from '../../config.ts'
import {createServing} from '../inference/serving.ts'
import {type DeviceSources, listAccelerators} from './accelerators.ts'
import {checkCatalog} from './check.ts'
import {createCredentials} from './credentials.ts'
import {createModels} from './models.ts'
import {createRuntimes} from './runtimes.ts'

export interface Surroundings {
  readonly context: DriverContext
  readonly settings: KubernetesSettings
}

/** Few commands choose, make or test runtimes: what they need is loaded then. */
function selection(sources: DeviceSources): SelectionFacet {
  const load = async () => (await import('./selection.ts')).createSelection(sources)
  return {
    suggest: async (model, options) => (await load()).suggest(model, options),
    fit: async (subject, options) => (await load()).fit(subject, options),
  }
}

function runtimeTools(sources: DeviceSources, home: string): RuntimeFacet {
  const load = async () => (await import('./tools/index.ts')).createRuntimeTools(sources, home)
  return {
    render: async (draft, call) => (await load()).render(draft, call),
    create: async (draft, options) => (await load()).create(draft, options),
    test: async (name, call) => (await load()).test(name, call),
  }
}

/** Models, runtimes and devices of a cluster with OME. */
export function createCatalog(client: KubeClient, {context, settings}: Surroundings): ModelCatalog {
  const sources: DeviceSources = {
    client,
    // Nodes and pods are read by what few commands need.
    capacity: async (call) => {
      const {createCluster} = await import('../cluster/index.ts')
      return createCluster(context, settings).capacity(call)
    },
    prices: settings['gpu-price'] ?? {},
    notice: context.notice,
  }
  return {
    name: 'kubernetes',
    check: (call) => checkCatalog(client, call),
    models: createModels(client, context.notice),
    runtimes: createRuntimes(client, context.notice),
    accelerators: {list: (call) => listAccelerators(sources, call)},
    selection: selection(sources),
    runtimeTools: runtimeTools(sources, context.home),
    credentials: createCredentials(client),
    serving: createServing(client, {
      capacity: sources.capacity,
      accelerators: (call) => listAccelerators(sources, call),
    }),
  }
}
