import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import {BaseCommand, flag, type View} from '@omni-cli/sdk/cli'
import {applyManifest} from '../apply/apply-manifest.ts'
import {loadNamed} from '../apply/load.ts'
import {plainText} from '../apply/plan-view.ts'

/**
 * `-o json`: `{done: [{ref, action}], failed, skipped, kept: [ref]}`; with `--dry-run`
 * `{operations: [{id, action, ref, changes, dependsOn, reason}], notes}`.
 */
export default class Apply extends BaseCommand {
  static override summary = 'make what files say: create, update, start'
  static override description =
    'Reads omni.yaml, plans and service.toml, compares them with what runs, and does what is missing. Without a file, takes that of the current folder. Asks before anything is removed or replaced. Ends when the new state was seen.'
  static override examples = [
    '<%= config.bin %> apply',
    '<%= config.bin %> apply --file stack.yaml --env production --dry-run',
    '<%= config.bin %> apply plans/demo.yaml --prune --yes',
  ]
  static override strict = false
  static override args = {file: Args.string({description: 'file or folder; "-" is stdin; several are possible'})}
  static override flags = {
    file: flag.file,
    kustomize: Flags.string({char: 'k', summary: 'kustomize folder', helpValue: 'DIR'}),
    env: Flags.string({summary: 'environment whose changes apply', helpValue: 'NAME'}),
    prune: Flags.boolean({
      summary: 'also remove what an earlier apply of these plans made and they do not name any more',
    }),
    'dry-run': flag.dryRun,
    yes: flag.yes,
    provider: flag.provider,
  }

  async run(): Promise<View> {
    const {argv, flags} = await this.parse(Apply)
    const files = [...argv.map(String), ...(flags.file ?? [])]
    const {kustomize, env, prune, yes} = flags
    const manifest = await loadNamed({files, kustomize, env, signal: this.signal})
    for (const {file, message} of manifest.warnings) this.notice(`warning: ${file}: ${message}`)
    return applyManifest(await this.session(), manifest, {
      prune,
      dryRun: flags['dry-run'],
      signal: this.signal,
      progress: () => this.progress(),
      approve: (plan) => {
        this.notice(plainText(plan))
        return this.confirm('carry this out?', {yes})
      },
    })
  }
}
