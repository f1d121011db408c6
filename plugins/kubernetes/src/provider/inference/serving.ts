import type {ServingFacet} from '@omni-cli/sdk'
import type {KubeClient} from '../../client/kube-client.ts'
import type {ServingSources} from './serve/surroundings.ts'

/** Deploying and changing served models. Every part is loaded when it is asked for: most runs of the catalog need none. */
export const createServing = (client: KubeClient, sources: ServingSources): ServingFacet => ({
  async plan(spec, options) {
    const {prepareDeploy} = await import('./serve/plan-deploy.ts')
    return (await prepareDeploy(client, sources, spec, options)).plan
  },
  async deploy(spec, options) {
    const {deployService} = await import('./serve/deploy.ts')
    return deployService(client, sources, spec, options)
  },
  async planUpdate(name, change, options) {
    const {prepareUpdate} = await import('./serve/plan-update.ts')
    return (await prepareUpdate(client, sources, {name, change}, options)).plan
  },
  async update(name, change, options) {
    const {updateService} = await import('./serve/update.ts')
    return updateService(client, sources, {name, change}, options)
  },
})
