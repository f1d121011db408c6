import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import {BaseCommand, flag, parseLabels, type View} from '@omni-cli/sdk/cli'
import {deleteThings} from '../apply/delete.ts'
import {findDoomed} from '../apply/doomed.ts'
import {loadOptions, manifestFlags} from '../apply/manifest-flags.ts'
import {dependantNotes} from '../apply/objects/doomed-objects.ts'
import {plainText} from '../apply/plan-view.ts'

/** `-o json`: `{done: [{ref, action}], failed, skipped, kept}`; with `--dry-run` `{operations, notes}`. */
export default class Delete extends BaseCommand {
  static override summary = 'remove things'
  static override description =
    'Asks before it removes. What depends on something is removed before it; what uses an object of a cluster and would break is named. Ends when it is gone. Data are kept unless --purge is given.'
  static override examples = [
    '<%= config.bin %> delete service web db',
    '<%= config.bin %> delete services --label tier=test --yes',
    '<%= config.bin %> delete configmap settings --namespace shop',
    '<%= config.bin %> delete --file stack.yaml --dry-run',
  ]
  static override strict = false
  static override args = {
    target: Args.string({description: 'KIND NAME…, KIND/NAME…, or NAME…'}),
  }
  static override flags = {
    file: flag.file,
    ...manifestFlags,
    label: flag.labels,
    'ignore-not-found': Flags.boolean({summary: 'succeed when it does not exist'}),
    purge: Flags.boolean({summary: 'also remove data that are kept otherwise: volumes, snapshots'}),
    'dry-run': flag.dryRun,
    yes: flag.yes,
    namespace: flag.namespace,
    provider: flag.provider,
  }

  async run(): Promise<View> {
    const {argv, flags} = await this.parse(Delete)
    const session = await this.session()
    const {signal} = this
    const doomed = await findDoomed(session, {
      words: argv.map(String),
      labels: flags.label === undefined ? undefined : parseLabels(flags.label),
      files: flags.file ?? [],
      load: loadOptions(flags),
      ignoreNotFound: flags['ignore-not-found'],
      signal,
    })
    return deleteThings(session, doomed, {
      notes: await dependantNotes(session, doomed, {signal}),
      dryRun: flags['dry-run'],
      purge: flags.purge,
      signal,
      progress: () => this.progress(),
      approve: (plan) => {
        this.notice(plainText(plan))
        return this.confirm(flags.purge ? 'remove these and their data?' : 'remove these?', {yes: flags.yes})
      },
    })
  }
}
