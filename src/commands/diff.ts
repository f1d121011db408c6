import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import {ERROR_CODES} from '@omni-cli/sdk'
import {BaseCommand, flag, type View} from '@omni-cli/sdk/cli'
import {differs, diffManifest} from '../apply/diff-manifest.ts'
import {loadNamed} from '../apply/load.ts'
import {loadOptions, manifestFlags, objectFlags, objectSources} from '../apply/manifest-flags.ts'
import {planView, warningText} from '../apply/plan-view.ts'

/** `-o json`: `{operations: [{id, action, ref, changes: [{path, from, to, cost, by, at}], dependsOn, reason, cost}], notes}`. */
export default class Diff extends BaseCommand {
  static override summary = 'show how what runs differs from what files say'
  static override description =
    'What the files do not mention is not compared, unless an earlier apply of the same plan set it. Of a machine, each change tells what it costs: live, a restart, a rebuild (its disk is lost, its address stays) or a replacement. Of a Kubernetes object, the server itself is asked, and each change tells who set the field last. Values that look like secrets are masked.'
  static override examples = [
    '<%= config.bin %> diff --file stack.yaml',
    '<%= config.bin %> diff --env production --exit-code --output json',
  ]
  static override strict = false
  static override args = {file: Args.string({description: 'file or folder; "-" is stdin; several are possible'})}
  static override flags = {
    file: flag.file,
    ...manifestFlags,
    ...objectFlags,
    adopt: Flags.boolean({summary: 'as apply --adopt would'}),
    prune: Flags.boolean({summary: 'also show what apply --prune would remove'}),
    'exit-code': Flags.boolean({summary: 'exit with 10 when there are differences'}),
    namespace: flag.namespace,
    provider: flag.provider,
  }

  async run(): Promise<View> {
    const {argv, flags} = await this.parse(Diff)
    const files = [...argv.map(String), ...(flags.file ?? [])]
    const manifest = await loadNamed({files, ...objectSources(flags), ...loadOptions(flags), signal: this.signal})
    const notice = (text: string) => this.notice(text)
    for (const warning of manifest.warnings) notice(warningText(warning))
    const {adopt, prune} = flags
    const plan = await diffManifest(await this.session(), manifest, {
      adopt,
      prune,
      forceConflicts: flags['force-conflicts'],
      notice,
      signal: this.signal,
    })
    return planView(plan, flags['exit-code'] && differs(plan) ? ERROR_CODES.CHANGES.exit : 0)
  }
}
