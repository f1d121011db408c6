import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import {BaseCommand, flag, parseLabels, type View} from '@omni-cli/sdk/cli'
import {getThings} from '../resources/get-things.ts'

/** `-o json`: an array of the states; one `KIND NAME` gives an array of one. Of objects of a cluster: the object, or a `List`. `--watch -o jsonl`: a state a line. */
export default class Get extends BaseCommand {
  static override summary = 'list things of a kind'
  static override description =
    'Kinds: services (svc), instances (vm), models, runtimes (rt), nodes, releases, events (ev), and every kind that the cluster of the context serves (pods, deploy, isvc); singular, plural or short. Where a word is one of ours, `services.core` is the kind of the cluster. The namespace of a service is its project.'
  static override examples = [
    '<%= config.bin %> get services',
    '<%= config.bin %> get service web --output yaml',
    '<%= config.bin %> get services --label tier=backend --watch',
    '<%= config.bin %> get pods --all-namespaces --output wide',
    '<%= config.bin %> get service web --export --output yaml',
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
    export: Flags.boolean({summary: 'as documents to apply again: without status and what the server filled in'}),
    namespace: flag.namespace,
    'all-namespaces': flag.allNamespaces,
    provider: flag.provider,
  }

  async run(): Promise<View> {
    const {argv, flags} = await this.parse(Get)
    const session = await this.session()
    return getThings(session, argv.map(String), {
      project: flags['all-namespaces'] ? undefined : session.namespace,
      allProjects: flags['all-namespaces'],
      exports: flags.export,
      labels: parseLabels(flags.label),
      watch: flags.watch,
      isUsual: flags.provider === undefined,
      format: this.format,
      notice: (text) => this.notice(text),
      signal: this.signal,
    })
  }
}
