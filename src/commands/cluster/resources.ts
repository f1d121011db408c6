import {BaseCommand, flag, type View} from '@omni-cli/sdk/cli'
import {openCluster} from '../../cluster/open.ts'
import {resourcesView} from '../../cluster/resources-view.ts'

export default class ClusterResources extends BaseCommand {
  static override summary = 'show what workloads have reserved, the largest first'
  static override description =
    'By the topmost owner of their pods: a service, an inference service, a Deployment. Of all namespaces, unless one is named.'
  static override examples = [
    '<%= config.bin %> cluster resources',
    '<%= config.bin %> cluster resources --namespace ml-team-1',
    '<%= config.bin %> cluster resources --output wide',
  ]
  static override flags = {namespace: flag.namespace}

  async run(): Promise<View> {
    const {flags} = await this.parse(ClusterResources)
    const cluster = await openCluster(await this.session())
    const workloads = await cluster.requests({signal: this.signal})
    const {namespace} = flags
    return resourcesView(namespace === undefined ? workloads : workloads.filter((row) => row.namespace === namespace))
  }
}
