import {BaseCommand, type View} from '@omni-cli/sdk/cli'
import {capacityView, largestText} from '../../cluster/capacity-view.ts'
import {openCluster} from '../../cluster/open.ts'

export default class ClusterCapacity extends BaseCommand {
  static override summary = 'show what each node has and what is free: GPUs, CPUs, memory'
  static override description =
    'Free is what nodes offer less what the pods on them have reserved, whether they use it or not: it is what the scheduler goes by.'
  static override examples = ['<%= config.bin %> cluster capacity', '<%= config.bin %> cluster capacity --output wide']

  async run(): Promise<View> {
    await this.parse(ClusterCapacity)
    const cluster = await openCluster(await this.session())
    const capacity = await cluster.capacity({signal: this.signal})
    const isTable = this.format === 'table' || this.format === 'wide'
    const summary = isTable ? largestText(capacity) : undefined
    if (summary !== undefined) this.notice(summary)
    return capacityView(capacity, {isTable})
  }
}
