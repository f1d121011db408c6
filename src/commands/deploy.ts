import * as Flags from '@oclif/core/flags'
import {BaseCommand, flag, type View} from '@omni-cli/sdk/cli'
import {serviceTargets} from '../apps/target.ts'
import {type ModelFlags, modelFlags, refuseModelFlags} from '../serving/deploy-flags.ts'
import {withoutBareCanary} from '../serving/traffic-split.ts'

export default class Deploy extends BaseCommand {
  static override summary = 'deploy the services of the files, or a model with --name'
  static override description = [
    'Reads services/*/service.toml when there is such a folder, else omni.yaml. Ends when every service was seen ready and every endpoint was asked. A version that does not become ready never replaces the one before.',
    'With --name a model of the cluster is served: the runtime, the devices and what is in the way are shown first, with the answer of the operator. It ends when the service was seen ready, or with the cause as soon as that is certain. Replicas are fixed unless --autoscale, --min-replicas and --max-replicas say otherwise.',
    'With --batch many models are deployed from a file: YAML or JSON with a list of {model, name, runtime, replicas, …}, or a line "MODEL [NAME] [KEY=VALUE…]" each.',
  ].join('\n\n')
  static override examples = [
    '<%= config.bin %> deploy',
    '<%= config.bin %> deploy web worker',
    '<%= config.bin %> deploy --file ./infra/services --env staging',
    '<%= config.bin %> deploy web --canary 20 --auto',
    '<%= config.bin %> deploy llama-3-3-70b --name prod-llama --replicas 2',
    '<%= config.bin %> deploy llama-3-3-70b --name prod-llama --runtime vllm-llama --dry-run',
    '<%= config.bin %> deploy --batch models.yaml',
  ]
  static override strict = false
  static override usage = 'deploy [SERVICE...] [-f DIR] | MODEL --name NAME | --batch FILE'
  static override flags = {
    file: flag.file,
    env: Flags.string({summary: 'environment of the files to use; production asks', helpValue: 'NAME'}),
    canary: Flags.integer({
      min: 0,
      max: 100,
      summary: 'run the new versions beside the old ones, with this percent of the requests',
      helpValue: 'WEIGHT',
    }),
    auto: Flags.boolean({
      summary: 'wait until measures have promoted or aborted the canaries; exit status 9 for the latter',
    }),
    ...modelFlags,
    'dry-run': flag.dryRun,
    namespace: flag.namespace,
    yes: flag.yes,
  }

  async run(): Promise<View | undefined> {
    const {argv, flags} = await this.parse(Deploy, withoutBareCanary(this.argv))
    if (flags.name !== undefined || flags.batch !== undefined) return this.#model(argv.map(String), flags)
    refuseModelFlags(flags, this.argv)
    const names = argv.length === 0 ? [] : serviceTargets(argv.map(String))
    const [{loadDeclared}, {deployFiles, pickServices}, {runRollout}, {asCanaries, followCanaries}] = await Promise.all(
      [
        import('../up/analyse.ts'),
        import('../up/deploy-files.ts'),
        import('../up/run-rollout.ts'),
        import('../apps/canary.ts'),
      ],
    )
    const {manifest, notes} = await loadDeclared(await deployFiles(flags.file ?? []), flags.env, this.signal)
    for (const note of notes) this.notice(note)
    const picked = pickServices(manifest, names)
    const wanted = asCanaries(picked, {weight: flags.canary, auto: flags.auto})
    const view = await runRollout(this, wanted, {
      command: 'omni deploy',
      env: flags.env,
      yes: flags.yes,
      dryRun: flags['dry-run'],
    })
    return flags['dry-run']
      ? view
      : followCanaries(this, wanted, {view, auto: flags.auto, isAsked: flags.canary !== undefined})
  }

  async #model(words: readonly string[], flags: ModelFlags): Promise<View | undefined> {
    const {runModelDeploy} = await import('../serving/deploy-command.ts')
    return runModelDeploy(this, {words, flags, isCanary: this.argv.includes('--canary')})
  }
}
