import {BaseCommand, type View} from '@omni-cli/sdk/cli'
import {clustersView} from '../../cluster/clusters.ts'

export default class ClusterList extends BaseCommand {
  static override summary = 'list the contexts that have a cluster'
  static override examples = ['<%= config.bin %> cluster list', '<%= config.bin %> cluster list --output json']

  async run(): Promise<View> {
    await this.parse(ClusterList)
    const {config, context} = await this.session()
    return clustersView(config, context.name)
  }
}
