import * as Args from '@oclif/core/args'
import {BaseCommand, flag, parseLabels, type View} from '@omni-cli/sdk/cli'
import {getThings} from '../resources/get-things.ts'

/** `-o json`: an array of the states; one `KIND NAME` gives an array of one. `--watch -o jsonl`: a state a line. */
export default class Get extends BaseCommand {
  static override summary = 'list things of a kind'
  static override description =
    'Kinds: services (svc), instances (vm), models, runtimes (rt), nodes, releases, events (ev); singular, plural or short. The namespace of a service is its project.'
  static override examples = [
    '<%= config.bin %> get services',
    '<%= config.bin %> get service web --output yaml',
    '<%= config.bin %> get services --label tier=backend --watch',
    '<%= config.bin %> get service/web service/db --output wide',
  ]
  static override strict = false
  static override usage = 'get KIND [NAME...]'
  static override args = {
    kind: Args.string({description: 'kind, or KIND/NAME'}),
    name: Args.string({description: 'only these; several are possible'}),
  }
  static override flags = {
    label: flag.labels,
    watch: flag.watch,
    namespace: flag.namespace,
    'all-namespaces': flag.allNamespaces,
    provider: flag.provider,
  }

  async run(): Promise<View> {
    const {argv, flags} = await this.parse(Get)
    const session = await this.session()
    return getThings(session, argv.map(String), {
      project: flags['all-namespaces'] ? undefined : session.namespace,
      labels: parseLabels(flags.label),
      watch: flags.watch,
      isUsual: flags.provider === undefined,
      format: this.format,
      notice: (text) => this.notice(text),
      signal: this.signal,
    })
  }
}
