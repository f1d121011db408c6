import {BaseCommand, type View} from '@omni-cli/sdk/cli'
import {healthView} from '../../cluster/health-view.ts'
import {openCluster} from '../../cluster/open.ts'

export default class ClusterHealth extends BaseCommand {
  static override summary = 'look at everything that serving needs: API server, nodes, OME, permissions'
  static override description = 'Exit status 9 when something has failed. What this user may not look at is unknown.'
  static override examples = ['<%= config.bin %> cluster health', '<%= config.bin %> cluster health --output json']

  async run(): Promise<View> {
    await this.parse(ClusterHealth)
    const session = await this.session()
    const cluster = await openCluster(session)
    return healthView(session.context.name, await cluster.health({signal: this.signal}))
  }
}
