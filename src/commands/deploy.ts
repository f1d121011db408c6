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
  ]
  static override strict = false
  static override usage = 'deploy [SERVICE...] [-f DIR]'
  static override flags = {
    file: flag.file,
    env: Flags.string({summary: 'environment of the files to use; production asks', helpValue: 'NAME'}),
    'dry-run': flag.dryRun,
    yes: flag.yes,
  }

  async run(): Promise<View | undefined> {
    const {argv, flags} = await this.parse(Deploy)
    const names = argv.length === 0 ? [] : serviceTargets(argv.map(String))
    const [{loadDeclared}, {deployFiles, pickServices}, {runRollout}] = await Promise.all([
      import('../up/analyse.ts'),
      import('../up/deploy-files.ts'),
      import('../up/run-rollout.ts'),
    ])
    const {manifest, notes} = await loadDeclared(await deployFiles(flags.file ?? []), flags.env, this.signal)
    for (const note of notes) this.notice(note)
    return runRollout(this, pickServices(manifest, names), {
      command: 'omni deploy',
      env: flags.env,
      yes: flags.yes,
      dryRun: flags['dry-run'],
    })
  }
}
