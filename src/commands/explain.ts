import * as Args from '@oclif/core/args'
import {BaseCommand, type View} from '@omni-cli/sdk/cli'

/** `-o json`: `{path, type, description?, default?, fields?: [the same, with required]}`. */
export default class Explain extends BaseCommand {
  static override summary = 'explain what can be written in a file'
  static override description = 'Works without any engine.'
  static override examples = [
    '<%= config.bin %> explain service',
    '<%= config.bin %> explain service.deploy.strategy',
    '<%= config.bin %> explain instance --output json',
  ]
  static override args = {
    path: Args.string({required: true, description: 'KIND or KIND.FIELD, e.g. service.replicas'}),
  }

  async run(): Promise<View> {
    const {args} = await this.parse(Explain)
    const {explain, explanationView} = await import('../explain/explain.ts')
    return explanationView(explain(args.path))
  }
}
