import * as Args from '@oclif/core/args'
import {BaseCommand, type View} from '@omni-cli/sdk/cli'
import {nodeView, setDraining} from '../../apps/nodes.ts'

export default class NodeDrain extends BaseCommand {
  static override summary = 'place nothing new on a node; what runs there runs on'
  static override examples = ['<%= config.bin %> node drain worker-1', '<%= config.bin %> node drain localhost']
  static override args = {node: Args.string({required: true, description: 'id, address or host name'})}

  async run(): Promise<View> {
    const {args} = await this.parse(NodeDrain)
    const engine = await (await this.session()).open('service')
    return nodeView(await setDraining(engine, 'drain', args.node, {signal: this.signal}))
  }
}
