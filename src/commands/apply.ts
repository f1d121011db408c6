import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import {BaseCommand, flag, type View} from '@omni-cli/sdk/cli'
import {applyManifest} from '../apply/apply-manifest.ts'
import {loadNamed} from '../apply/load.ts'
import {loadOptions, manifestFlags, objectFlags, objectSources} from '../apply/manifest-flags.ts'
import {plainText, warningText} from '../apply/plan-view.ts'

/**
 * `-o json`: `{done: [{ref, action, copy}], failed, skipped, kept: [ref]}`; with `--dry-run`
 * `{operations: [{id, action, ref, changes: [{path, from, to, cost, by, at}], dependsOn, reason, cost}], notes}`.
 */
export default class Apply extends BaseCommand {
  static override summary = 'make what files say: create, update, start'
  static override description =
    'Reads omni.yaml, plans, service.toml and Kubernetes objects, compares them with what runs, and does what is missing. Without a file, takes that of the current folder. Asks before anything is removed, rebuilt or replaced; of a machine that loses its disk, a copy is kept first. Machines are ready when they say so: address, cloud-init, and what `wait` asks for. Kubernetes objects are applied by the server itself, as the field manager omni. Ends when the new state was seen.'
  static override examples = [
    '<%= config.bin %> apply',
    '<%= config.bin %> apply --file stack.yaml --env production --dry-run',
    '<%= config.bin %> apply --file models/ --file isvc.yaml --force-conflicts',
    '<%= config.bin %> apply --kustomize overlays/production',
    '<%= config.bin %> apply plans/demo.yaml --var image=debian:12 --prune --yes',
  ]
  static override strict = false
  static override args = {file: Args.string({description: 'file or folder; "-" is stdin; several are possible'})}
  static override flags = {
    file: flag.file,
    ...manifestFlags,
    ...objectFlags,
    prune: Flags.boolean({
      summary: 'also remove what an earlier apply of these plans made and they do not name any more',
    }),
    adopt: Flags.boolean({summary: 'take over what the files name and another plan or a person has made'}),
    copy: Flags.boolean({
      summary: 'keep a copy of a machine before its disk is given up (default)',
      allowNo: true,
      default: true,
    }),
    concurrency: Flags.integer({
      summary:
        'how many things are changed at the same time; default: 4 for each processor, at most 8; 32 Kubernetes objects',
      helpValue: 'N',
      min: 1,
      max: 64,
    }),
    'dry-run': flag.dryRun,
    yes: flag.yes,
    namespace: flag.namespace,
    provider: flag.provider,
  }

  async run(): Promise<View> {
    const {argv, flags} = await this.parse(Apply)
    const files = [...argv.map(String), ...(flags.file ?? [])]
    const {prune, adopt, copy, concurrency, yes} = flags
    const manifest = await loadNamed({files, ...objectSources(flags), ...loadOptions(flags), signal: this.signal})
    for (const warning of manifest.warnings) this.notice(warningText(warning))
    return applyManifest(await this.session(), manifest, {
      prune,
      adopt,
      forceConflicts: flags['force-conflicts'],
      keepsCopies: copy,
      concurrency,
      dryRun: flags['dry-run'],
      signal: this.signal,
      progress: () => this.progress(),
      notice: (text) => this.notice(text),
      approve: (plan) => {
        this.notice(plainText(plan))
        return this.confirm('carry this out?', {yes})
      },
    })
  }
}
