import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import {OmniError} from '@omni-cli/sdk'
import {BaseCommand, flag, type View} from '@omni-cli/sdk/cli'
import {serviceTarget} from '../../apps/target.ts'
import {updateModel} from '../../serving/update.ts'
import {autoscaleWish, parseTarget} from '../../serving/wish.ts'

/** `-o json`: the service; with `--dry-run` the plan. */
export default class AutoscaleService extends BaseCommand {
  static override summary = 'let a served model have as many replicas as its load needs'
  static override description = [
    'cpu and memory, in percent of what is requested, need nothing more. requests-per-second, tokens-per-second, concurrency, queue and kv-usage are per replica, need KEDA and Prometheus, and are asked for with a query for vLLM or SGLang, or your own.',
    'Metrics of KEDA are annotations, which the operator copies into pod templates: turning them on or off exchanges every pod.',
  ].join('\n\n')
  static override examples = [
    '<%= config.bin %> autoscale service prod-llama --metric requests-per-second --target 100',
    '<%= config.bin %> autoscale service prod-llama --metric cpu --target 70 --min 1 --max 4',
    '<%= config.bin %> autoscale service prod-llama --off',
  ]
  static override args = {name: Args.string({required: true, description: 'service, e.g. prod-llama'})}
  static override flags = {
    metric: Flags.string({summary: 'what is measured', helpValue: 'METRIC', exclusive: ['off']}),
    target: Flags.string({summary: 'what one replica should have of it', helpValue: 'N', exclusive: ['off']}),
    query: Flags.string({summary: 'a query of Prometheus of your own', helpValue: 'PROMQL', exclusive: ['off']}),
    min: Flags.integer({min: 1, max: 1000, summary: 'fewest replicas', helpValue: 'N'}),
    max: Flags.integer({min: 1, max: 1000, summary: 'most replicas', helpValue: 'N'}),
    off: Flags.boolean({summary: 'always as many replicas as the fewest'}),
    'dry-run': flag.dryRun,
    wait: flag.wait,
    timeout: flag.timeout(),
    namespace: flag.namespace,
    yes: flag.yes,
    provider: flag.provider,
  }

  async run(): Promise<View | undefined> {
    const {args, flags} = await this.parse(AutoscaleService)
    const {metric, query, off} = flags
    if (!off && metric === undefined && query === undefined) {
      throw new OmniError('USAGE', 'by which metric? --metric NAME --target N, or --off', {
        hint: `omni autoscale service ${args.name} --metric cpu --target 80`,
      })
    }
    const autoscale = off ? ('off' as const) : autoscaleWish({metric, query, target: parseTarget(flags.target)})
    return updateModel(
      this,
      {name: serviceTarget([args.name]), change: {autoscale, minReplicas: flags.min, maxReplicas: flags.max}},
      {dryRun: flags['dry-run'], yes: flags.yes, wait: flags.wait, timeoutMs: flags.timeout},
    )
  }
}
