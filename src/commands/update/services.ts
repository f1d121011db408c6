import * as Flags from '@oclif/core/flags'
import {BaseCommand, flag, parseLabels, type View} from '@omni-cli/sdk/cli'
import {updateMany} from '../../serving/update-many.ts'

/** `-o json`: the services. */
export default class UpdateServices extends BaseCommand {
  static override summary = 'change many services that serve models in one go'
  static override description =
    'Names them and asks first. Exit status 9 when some failed; the others are done. --set replicas=0 stops them: a served model has no size 0.'
  static override examples = [
    '<%= config.bin %> update services --label team=ml-research --set replicas=0',
    '<%= config.bin %> update services --label env=staging --runtime vllm-llama --yes',
  ]
  static override flags = {
    label: flag.labels,
    all: Flags.boolean({summary: 'every service that serves a model'}),
    model: Flags.string({summary: 'serve this model', helpValue: 'NAME'}),
    runtime: Flags.string({summary: 'with this runtime; auto: the one that the operator chooses', helpValue: 'NAME'}),
    set: Flags.string({
      summary: 'any field of the spec, typed by its schema; repeatable',
      helpValue: 'FIELD=VALUE',
      multiple: true,
      multipleNonGreedy: true,
    }),
    rollout: Flags.option({
      summary: 'how pods are exchanged: one by one, or all at once where devices are short',
      options: ['progressive', 'recreate'] as const,
    })(),
    'dry-run': flag.dryRun,
    wait: flag.wait,
    timeout: flag.timeout(),
    namespace: flag.namespace,
    yes: flag.yes,
    provider: flag.provider,
  }

  async run(): Promise<View | undefined> {
    const {flags} = await this.parse(UpdateServices)
    const {model, runtime, set, rollout, all} = flags
    const labels = flags.label === undefined ? undefined : parseLabels(flags.label)
    return updateMany(
      this,
      {choice: {labels, all}, change: {model, runtime, set, rollout}},
      {dryRun: flags['dry-run'], yes: flags.yes, wait: flags.wait, timeoutMs: flags.timeout},
    )
  }
}
