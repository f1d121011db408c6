import * as Flags from '@oclif/core/flags'
import {BaseCommand, canAsk, flag, type View} from '@omni-cli/sdk/cli'
import {chooseContext} from '../../cluster/choose.ts'
import {changesValues, connect, planConnect} from '../../cluster/connect.ts'
import {connectView} from '../../cluster/connect-view.ts'
import {absolutePaths} from '../../cluster/paths.ts'

export default class ClusterConnect extends BaseCommand {
  static override summary = 'use a Kubernetes cluster: make a context of one of the kubeconfig'
  static override description =
    'Asks which one on a terminal; with --yes it is the current one of the kubeconfig. Its API server must answer before anything is written. Safe to run again.'
  static override examples = [
    '<%= config.bin %> cluster connect',
    '<%= config.bin %> cluster connect --kubeconfig ~/.kube/config --context prod-k8s --name production --use',
    '<%= config.bin %> cluster connect --context prod-k8s --name production-readonly --protected',
    '<%= config.bin %> cluster connect --context gke --namespace ml-team-1 --allow-exec',
  ]
  static override flags = {
    kubeconfig: Flags.string({
      summary: 'kubeconfig file; repeatable; default: $KUBECONFIG, else ~/.kube/config',
      helpValue: 'FILE',
      multiple: true,
      multipleNonGreedy: true,
    }),
    context: Flags.string({summary: 'context of the kubeconfig', helpValue: 'NAME'}),
    name: Flags.string({summary: 'name of the new context; default: the same', helpValue: 'NAME'}),
    namespace: Flags.string({char: 'n', summary: 'namespace that commands use in it', helpValue: 'NAME'}),
    protected: Flags.boolean({summary: 'commands may look, and nothing may be changed', allowNo: true}),
    use: Flags.boolean({summary: 'make it the current context; default: when there is none', allowNo: true}),
    'allow-exec': Flags.boolean({summary: 'let the kubeconfig run the program that it names for credentials'}),
    yes: flag.yes,
  }

  /** Here the flag names a context of the kubeconfig. */
  protected override get wantedContext(): undefined {
    return undefined
  }

  async run(): Promise<View> {
    const {flags} = await this.parse(ClusterConnect)
    const session = await this.session()
    const plan = await planConnect(
      await session.open('cluster'),
      {
        files: absolutePaths(flags.kubeconfig ?? []),
        ...{context: flags.context, name: flags.name, namespace: flags.namespace, use: flags.use},
        isProtected: flags.protected,
        allowsProgram: flags['allow-exec'],
        takesCurrent: flags.yes,
      },
      {
        home: session.home,
        choose: canAsk() && this.format !== 'json' ? (contexts) => chooseContext(contexts, this.signal) : undefined,
        signal: this.signal,
      },
    )
    const keys = plan.change.changed.map(({key}) => key).join(', ')
    const question = `change ${keys} of the context '${plan.write.name}'?`
    const isAgreed = !changesValues(plan) || (await this.confirm(question, {yes: flags.yes}))
    if (isAgreed) await connect(session.home, plan)
    return connectView(plan, isAgreed)
  }
}
