import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import {OmniError} from '@omni-cli/sdk'
import {BaseCommand, flag, type Session, type View} from '@omni-cli/sdk/cli'
import {choose} from '../machines/choose.ts'
import {failOver} from '../machines/failover.ts'
import {failoverView} from '../machines/failover-view.ts'
import {checkAll, recoverAll} from '../machines/health-report.ts'
import {checkServices, healthView, reportOf} from '../status/health.ts'

export default class Health extends BaseCommand {
  static override summary = 'ask services and machines whether they are well, and start again what should run'
  static override description = [
    'Sends a request to each endpoint of a service. Machines that a plan owns should run, unless "omni stop" stopped them; with --plan each is also probed as the plan says.',
    'Exit status 9 when a service, an endpoint or a machine is not well, 7 when an engine does not answer. The shape of the JSON is stable.',
    '--recover starts or restarts machines that should run, three times at most, and looks again; what nobody says should run, or was stopped on purpose, is left alone. Services are kept by their engine.',
    '--failover makes machines anew elsewhere: only those whose plan says `failover: recreate`, only when their driver has been silent as long as the context says, and only on your word that it runs none of them any more. Whatever may hold data stays behind and is named.',
  ].join('\n\n')
  static override examples = [
    '<%= config.bin %> health',
    '<%= config.bin %> health web',
    '<%= config.bin %> health --plan plans/demo.yaml --json',
    '<%= config.bin %> health --recover',
    '<%= config.bin %> health instance/worker-1 --recover',
    '<%= config.bin %> health --plan plans/demo.yaml --failover-to multipass --primary-is-gone',
  ]
  static override args = {
    target: Args.string({description: 'service or instance, e.g. web or instance/web; default: everything'}),
    name: Args.string({description: 'name, when the first word is a kind'}),
  }
  static override flags = {
    'all-services': Flags.boolean({summary: 'only the services, without engines and machines'}),
    plan: Flags.string({
      char: 'f',
      aliases: ['file'],
      summary: 'file that says which machines should be there; repeatable',
      helpValue: 'FILE',
      multiple: true,
      multipleNonGreedy: true,
    }),
    recover: Flags.boolean({summary: 'start again machines that should run'}),
    failover: Flags.boolean({
      summary: 'make machines of --plan that hold no data anew at the driver that `failover` of the context names',
      dependsOn: ['plan'],
    }),
    'failover-to': Flags.string({
      summary: 'the same, at this driver',
      helpValue: 'ID',
      dependsOn: ['plan'],
      exclusive: ['recover'],
    }),
    'primary-is-gone': Flags.boolean({
      summary: 'the first driver surely runs none of them any more: its machine is off',
    }),
    namespace: flag.namespace,
    yes: flag.yes,
    provider: flag.provider,
  }

  async run(): Promise<View> {
    const {args, flags} = await this.parse(Health)
    const session = await this.session()
    if (flags.failover || flags['failover-to'] !== undefined) return this.#failOver(session, flags)
    const question = {
      plan: flags.plan,
      servicesOnly: flags['all-services'],
      progress: await this.progress(),
      signal: this.signal,
    }
    const words = [args.target, args.name].filter((word) => word !== undefined)
    const [chosen] = words.length === 0 ? [] : await choose(session, {words}, {signal: this.signal})
    if (chosen?.kind === 'service') {
      if (flags.recover) throw servicesRecover(chosen.name)
      const services = await checkServices([chosen.state], chosen.driver, {signal: this.signal})
      return healthView(reportOf({engines: [], services, instances: []}))
    }
    const machines = chosen === undefined ? undefined : [chosen.name]
    const check = flags.recover ? recoverAll : checkAll
    return healthView(await check(session, {...question, machines}))
  }

  async #failOver(
    session: Session,
    flags: {
      readonly plan?: readonly string[] | undefined
      readonly 'failover-to'?: string | undefined
      readonly 'primary-is-gone': boolean
      readonly yes: boolean
    },
  ): Promise<View> {
    const result = await failOver(session, {
      to: flags['failover-to'],
      plan: flags.plan ?? [],
      primaryIsGone: flags['primary-is-gone'],
      approve: (question) => this.confirm(question, flags),
      progress: () => this.progress(),
      signal: this.signal,
    })
    return failoverView(result)
  }
}

const servicesRecover = (name: string): OmniError =>
  new OmniError('USAGE', '--recover is for machines: services are started again by their engine', {
    hint: `omni restart ${name}`,
  })
