import type {DiagnosisFacet} from '@omni-cli/sdk'
import type {KubeClient} from '../../../client/kube-client.ts'

/** Rules and what they look at are loaded when somebody asks. */
export const createDiagnosis = (client: KubeClient): DiagnosisFacet => ({
  async diagnose(name, options) {
    const {diagnose} = await import('./diagnose.ts')
    return diagnose(client, name, options)
  },
})
