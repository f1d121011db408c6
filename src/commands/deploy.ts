import * as Flags from '@oclif/core/flags'
import {BaseCommand, flag, type View} from '@omni-cli/sdk/cli'
import {serviceTargets} from '../apps/target.ts'

export default class Deploy extends BaseCommand {
  static override summary = 'deploy the services of the files, or only the named ones'
  static override description =
    'Reads services/*/service.toml when there is such a folder, else omni.yaml. Ends when every service was seen ready and every endpoint was asked. A version that does not become ready never replaces the one before.'
  static override examples = [
    '<%= config.bin %> deploy',
    '<%= config.bin %> deploy web worker',
    '<%= config.bin %> deploy --file ./infra/services --env staging',
    '<%= config.bin %> deploy web --canary 20 --auto',
  ]
  static override strict = false
  static override usage = 'deploy [SERVICE...] [-f DIR]'
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
    'dry-run': flag.dryRun,
    yes: flag.yes,
  }

  async run(): Promise<View | undefined> {
    const {argv, flags} = await this.parse(Deploy)
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
}
