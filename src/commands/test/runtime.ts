import * as Args from '@oclif/core/args'
import {BaseCommand, flag, type View} from '@omni-cli/sdk/cli'
import {testRuntime} from '../../models/draft.ts'
import {testView} from '../../models/draft-view.ts'

/** `-o json`: `{name, checks: [{name, status: ok|warning|failed, message, hint?}]}`. */
export default class TestRuntime extends BaseCommand {
  static override summary = 'check a runtime before a model depends on it'
  static override description =
    'Looks at its fields against the schema of the cluster, sizes, autoSelect and priorities beside other runtimes, devices against the nodes, the image, the arguments of the server, the model name it serves under, probes, and asks the API server to take it (dry run). Changes nothing. Exit status 9 when a check failed.'
  static override examples = [
    '<%= config.bin %> test runtime vllm-llama-3-3-70b',
    '<%= config.bin %> test runtime my-llama --output json',
  ]
  static override args = {name: Args.string({required: true, description: 'runtime'})}
  static override flags = {namespace: flag.namespace, provider: flag.provider}

  async run(): Promise<View> {
    const {args} = await this.parse(TestRuntime)
    return testView(await testRuntime(await this.session(), args.name, {signal: this.signal}))
  }
}
