import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import {BaseCommand, flag, type View} from '@omni-cli/sdk/cli'

export default class Up extends BaseCommand {
  static override summary = 'run what a folder holds'
  static override description =
    'Reads omni.yaml or service.toml, else recognises a Procfile, a Node or Python program or a static site. Packs the sources, builds and starts them, and ends when every service was seen ready and every endpoint was asked. A version that does not become ready never replaces the one before.'
  static override examples = [
    '<%= config.bin %> up',
    '<%= config.bin %> up ./shop --env production',
    '<%= config.bin %> up ./site --name docs --port 8080',
    '<%= config.bin %> up --dry-run',
  ]
  static override args = {dir: Args.string({default: '.', description: 'folder with the sources'})}
  static override flags = {
    env: Flags.string({summary: 'environment of the files to use; production asks', helpValue: 'NAME'}),
    name: Flags.string({summary: 'name of the service', helpValue: 'NAME'}),
    port: Flags.integer({min: 1, max: 65_535, summary: 'port of this machine to answer on', helpValue: 'PORT'}),
    replicas: Flags.integer({min: 0, max: 1000, summary: 'number of replicas', helpValue: 'N'}),
    domain: Flags.string({summary: 'host name to answer to', helpValue: 'HOST'}),
    build: Flags.boolean({allowNo: true, default: true, summary: 'run the build commands'}),
    'dry-run': flag.dryRun,
    yes: flag.yes,
  }

  async run(): Promise<View | undefined> {
    const {args, flags} = await this.parse(Up)
    const progress = await this.progress()
    const [{analyse}, {readExtraFiles}, {runRollout}, {followCanaries}] = await Promise.all([
      import('../up/analyse.ts'),
      import('../up/extra-files.ts'),
      import('../up/run-rollout.ts'),
      import('../apps/canary.ts'),
    ])
    const {detection, manifest, notes} = await progress.step('analyse', async (step) => {
      const found = await analyse(args.dir, flags, this.signal)
      step.done(found.detection.because)
      return found
    })
    for (const note of notes) this.notice(note)
    const view = await runRollout(this, manifest, {
      command: 'omni up',
      env: flags.env,
      yes: flags.yes,
      dryRun: flags['dry-run'],
      extraFiles: await readExtraFiles(detection, this.config.root),
    })
    return flags['dry-run'] ? view : followCanaries(this, manifest, {view, auto: false, isAsked: false})
  }
}
