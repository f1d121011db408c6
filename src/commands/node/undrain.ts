import * as Args from '@oclif/core/args'
import {BaseCommand, type View} from '@omni-cli/sdk/cli'
import {nodeView, setDraining} from '../../apps/nodes.ts'

export default class NodeUndrain extends BaseCommand {
  static override summary = 'use a drained node again'
  static override examples = ['<%= config.bin %> node undrain worker-1', '<%= config.bin %> node undrain localhost']
  static override args = {node: Args.string({required: true, description: 'id, address or host name'})}

  async run(): Promise<View> {
    const {args} = await this.parse(NodeUndrain)
    const engine = await (await this.session()).open('service')
    return nodeView(await setDraining(engine, 'undrain', args.node, {signal: this.signal}))
  }
}
