import * as Args from '@oclif/core/args'
import {BaseCommand, itemView, type View} from '@omni-cli/sdk/cli'
import {useCluster} from '../../cluster/clusters.ts'

export default class ClusterUse extends BaseCommand {
  static override summary = 'make a context with a cluster the current one'
  static override description = 'For one command only: --context NAME, or OMNI_CONTEXT.'
  static override examples = ['<%= config.bin %> cluster use production']
  static override args = {name: Args.string({required: true, description: 'name of the context'})}

  async run(): Promise<View> {
    const {args} = await this.parse(ClusterUse)
    const {home, config} = await this.session()
    const {name, cluster} = await useCluster(home, config, args.name)
    if (process.env.OMNI_CONTEXT) this.notice(`OMNI_CONTEXT is set to '${process.env.OMNI_CONTEXT}' and goes before it`)
    return itemView({
      data: {context: name, cluster},
      text: () => [`the current context is ${name}, on the cluster ${cluster}`],
      ref: `context/${name}`,
    })
  }
}
