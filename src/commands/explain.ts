import * as Args from '@oclif/core/args'
import {BaseCommand, type View} from '@omni-cli/sdk/cli'

/** `-o json`: `{path, type, description?, default?, fields?: [the same, with required]}`. */
export default class Explain extends BaseCommand {
  static override summary = 'explain what can be written in a file'
  static override description =
    "Kinds of omni's own files are explained without any engine; those of a cluster (model, runtime, Deployment, …) by the schema that its server serves."
  static override examples = [
    '<%= config.bin %> explain service',
    '<%= config.bin %> explain service.deploy.strategy',
    '<%= config.bin %> explain instance --output json',
    '<%= config.bin %> explain model.spec.storage',
  ]
  static override args = {
    path: Args.string({required: true, description: 'KIND or KIND.FIELD, e.g. service.replicas'}),
  }

  async run(): Promise<View> {
    const {args} = await this.parse(Explain)
    const {explain, explainObject, explanationView, isOwnKind} = await import('../explain/explain.ts')
    if (isOwnKind(args.path)) return explanationView(explain(args.path))
    const session = await this.session()
    // Without a cluster there are only the kinds of omni's own files.
    if (session.context.cluster === undefined) return explanationView(explain(args.path))
    return explanationView(await explainObject(args.path, await session.open('object'), {signal: this.signal}))
  }
}
