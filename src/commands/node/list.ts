import {requireFacet} from '@omni-cli/sdk'
import {BaseCommand, type View} from '@omni-cli/sdk/cli'
import {nodesView} from '../../apps/nodes.ts'

export default class NodeList extends BaseCommand {
  static override summary = 'list the machines that run services'
  static override examples = ['<%= config.bin %> node list', '<%= config.bin %> node list --output json']

  async run(): Promise<View> {
    await this.parse(NodeList)
    const engine = await (await this.session()).open('service')
    return nodesView(await requireFacet(engine, 'nodes').list({signal: this.signal}))
  }
}
