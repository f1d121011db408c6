import * as Flags from '@oclif/core/flags'
import {BaseCommand, canAsk, flag, itemView, type Session, type View} from '@omni-cli/sdk/cli'
import {valueLines} from '../config/text.ts'
import {ANSWER_KEYS, checkAnswers, type InitAnswers, type PartialAnswers} from '../init/answers.ts'
import {type InitPlan, planInit, readAnswersFile, runInit} from '../init/init.ts'
import {prepareMachines} from '../init/machines.ts'
import {writeMakefile} from '../init/makefile.ts'
import {askAnswers} from '../init/wizard.ts'
import {type InstallOutcome, installHost} from '../machines/install.ts'
import {createRunner} from '../machines/install-run.ts'

export default class Init extends BaseCommand {
  static override summary = 'set up a context: where applications run and machines come from'
  static override description =
    'Asks on a terminal; every question has a flag, and --answers reads them from a file. Safe to run again: only what is answered changes. Machines need an engine: one that is not there is installed, after its commands were shown and agreed to.'
  static override examples = [
    '<%= config.bin %> init',
    '<%= config.bin %> init --yes',
    '<%= config.bin %> init --name lab --services orca --url http://lab-1:6880 --token-env ORCA_TOKEN --yes',
    '<%= config.bin %> init --name production --cluster prod-k8s --namespace ml-models --yes',
    '<%= config.bin %> init --name rack --instances incus --ssh-host admin@10.0.0.5 --ssh-host admin@10.0.0.6 --yes',
    '<%= config.bin %> init --instances auto',
    '<%= config.bin %> init --instances incus --dry-run',
    '<%= config.bin %> init --makefile',
    '<%= config.bin %> init --answers answers.yaml --yes',
  ]
  static override flags = {
    name: Flags.string({summary: 'name of the context; default: default', helpValue: 'NAME'}),
    services: Flags.string({summary: 'driver of applications: orca, cluster, or the id of another', helpValue: 'ID'}),
    instances: Flags.string({summary: 'driver of machines: incus, multipass, auto, none', helpValue: 'ID'}),
    cluster: Flags.string({summary: 'context of the kubeconfig', helpValue: 'NAME'}),
    namespace: Flags.string({char: 'n', summary: 'namespace that commands use in it', helpValue: 'NAME'}),
    url: Flags.string({summary: 'address of an Orca-compatible server', helpValue: 'URL'}),
    'token-env': Flags.string({summary: 'environment variable that holds its token', helpValue: 'NAME'}),
    'ssh-host': Flags.string({
      summary: 'host reached over SSH; repeatable',
      helpValue: '[USER@]HOST[:PORT]',
      multiple: true,
      multipleNonGreedy: true,
    }),
    'ssh-key': Flags.string({summary: 'private key for the hosts', helpValue: 'PATH'}),
    bastion: Flags.string({summary: 'host to go through to the others', helpValue: '[USER@]HOST[:PORT]'}),
    answers: Flags.string({summary: 'YAML or JSON file with answers, named like these flags', helpValue: 'FILE'}),
    install: Flags.boolean({
      summary: 'install what makes machines when it is not there (default)',
      allowNo: true,
      default: true,
    }),
    makefile: Flags.boolean({summary: 'write a Makefile for a plan of machines into this folder, and nothing else'}),
    use: Flags.boolean({summary: 'make it the current context (default)', allowNo: true, default: true}),
    yes: flag.yes,
    'dry-run': flag.dryRun,
  }

  async run(): Promise<View> {
    const {flags} = await this.parse(Init)
    const {answers: file, use, yes, ...rest} = flags
    if (flags.makefile) return makefileView(await writeMakefile(process.cwd(), this.config.root))
    const given = answersIn({...(file === undefined ? {} : await readAnswersFile(file)), ...answersIn(rest)})
    checkAnswers(given)
    const session = await this.session()
    const isAsking = !yes && Object.keys(given).length === 0 && canAsk()
    const asked = isAsking ? await this.#ask(given, session) : {...given, name: given.name ?? 'default'}
    const install = flags.install ? await this.#prepareMachines(asked, session, flags) : undefined
    const answers = withFound(asked, install)
    const plan = await planInit(session.home, answers, {use, contributions: session.contributions})
    const isDone = flags['dry-run'] ? false : await this.#write(plan, session, {yes: yes || !needsConsent(plan)})
    for (const remark of [...plan.remarks, ...untold(install)]) this.notice(remark)
    const lines = await this.#lines(plan, session, isDone)
    return itemView({
      data: {
        context: answers.name,
        file: session.configFile,
        written: isDone,
        ...plan.change,
        remarks: plan.remarks,
        install,
      },
      text: () => lines,
      ref: `context/${answers.name}`,
    })
  }

  /** Its commands are shown before the question, and also when nothing is run. */
  #prepareMachines(
    answers: InitAnswers,
    session: Session,
    flags: {readonly yes: boolean; readonly 'dry-run': boolean},
  ): Promise<InstallOutcome | undefined> {
    const host = installHost({
      runner: createRunner({home: session.home, log: session.log, progress: () => this.progress()}),
      signal: this.signal,
      consent: async ({remarks}, commands) => {
        this.notice(
          ['these commands are missing for machines here:', ...commands, ...remarks.map((text) => `# ${text}`)].join(
            '\n',
          ),
        )
        if (flags['dry-run']) return false
        return this.confirm(commands.length === 1 ? 'run it?' : `run these ${commands.length} commands?`, flags)
      },
    })
    return prepareMachines(session, answers, host)
  }

  #ask(given: PartialAnswers, session: Session): Promise<InitAnswers> {
    return askAnswers({given, contributions: session.contributions, signal: this.signal})
  }

  async #write(plan: InitPlan, session: Session, options: {readonly yes: boolean}): Promise<boolean> {
    const keys = plan.change.changed.map(({key}) => key).join(', ')
    if (!(await this.confirm(`change ${keys} of the context '${plan.write.name}'?`, options))) return false
    await runInit(session.home, plan)
    return true
  }

  async #lines(plan: InitPlan, session: Session, isDone: boolean): Promise<string[]> {
    const {created, changed, switched} = plan.change
    const {name} = plan.write
    if (!isDone)
      return [
        `nothing was written; the context '${name}' would be:`,
        ...(await valueLines({name, ...plan.write.settings})),
      ]
    if (!created && changed.length === 0 && !switched) return [`the context '${name}' is like that already`]
    const verb = created ? 'created' : changed.length === 0 ? 'kept' : 'changed'
    return [
      `${verb} the context '${name}' in ${session.configFile}${switched ? '; it is the current one' : ''}`,
      'next: omni provider check, then omni up',
    ]
  }
}

/** Remarks on commands were shown together with them. */
const untold = (install: InstallOutcome | undefined): readonly string[] =>
  install === undefined || install.commands.length > 0 ? [] : install.remarks

/** What `auto` found is written down, so that commands need not look for it. */
function withFound(answers: InitAnswers, install: InstallOutcome | undefined): InitAnswers {
  const isUsable = install?.state === 'ready' || install?.state === 'installed'
  return isUsable ? {...answers, instances: install.provider} : answers
}

const makefileView = (file: string): View =>
  itemView({
    data: {file},
    text: () => [`wrote ${file}`, 'next: make incus.init, then make env.apply'],
    ref: `file/${file}`,
  })

/** Only another value of something that was set before needs a person's word. */
const needsConsent = ({change}: InitPlan): boolean =>
  !change.created && change.changed.some(({from}) => from !== undefined)

/** The answers among the flags, without those that were not given. */
function answersIn(values: Readonly<Record<string, unknown>>): PartialAnswers {
  return Object.fromEntries(
    Object.entries(values).filter(([key, value]) => ANSWER_KEYS.includes(key) && value !== undefined),
  )
}
