import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import {BaseCommand, flag, type View} from '@omni-cli/sdk/cli'
import {destroy} from '../apply/destroy.ts'
import {loadOptions, manifestFlags} from '../apply/manifest-flags.ts'
import {plainText} from '../apply/plan-view.ts'

/** `-o json`: `{done: [{ref, action}], failed, skipped, kept}`; with `--dry-run` `{operations, notes}`. */
export default class Destroy extends BaseCommand {
  static override summary = 'remove what a plan has made'
  static override description =
    "With --plan: the machines, services, networks and profiles that the files name and that carry the label of the plan; dependants first. What is not the plan's stays unless it is named alone. Asks first; removes nothing that is protected."
  static override examples = [
    '<%= config.bin %> destroy --plan plans/demo.yaml',
    '<%= config.bin %> destroy worker --plan plans/demo.yaml --dry-run',
    '<%= config.bin %> destroy old-box instance/test --yes',
  ]
  static override strict = false
  static override args = {name: Args.string({description: 'NAME… or KIND/NAME…'})}
  static override flags = {
    plan: Flags.string({
      summary: 'file of the plan; repeatable',
      helpValue: 'FILE',
      multiple: true,
      multipleNonGreedy: true,
    }),
    ...manifestFlags,
    purge: Flags.boolean({summary: 'also remove data that are kept otherwise: volumes, snapshots'}),
    'dry-run': flag.dryRun,
    yes: flag.yes,
    provider: flag.provider,
  }

  async run(): Promise<View> {
    const {argv, flags} = await this.parse(Destroy)
    const query = {words: argv.map(String), files: flags.plan ?? [], load: loadOptions(flags)}
    return destroy(await this.session(), query, {
      dryRun: flags['dry-run'],
      purge: flags.purge,
      signal: this.signal,
      progress: () => this.progress(),
      notice: (text) => this.notice(text),
      approve: (plan) => {
        this.notice(plainText(plan))
        return this.confirm(flags.purge ? 'remove these and their data?' : 'remove these?', {yes: flags.yes})
      },
    })
  }
}
