import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import {BaseCommand, flag, type View} from '@omni-cli/sdk/cli'
import {serviceTarget} from '../../apps/target.ts'
import {canaryShare, withoutBareCanary} from '../../serving/traffic-split.ts'
import {updateModel} from '../../serving/update.ts'

/** `-o json`: the service; with `--dry-run` the plan. */
export default class UpdateService extends BaseCommand {
  static override summary = 'change what a service serves, with which runtime, or any of its fields'
  static override description =
    'Shows what would change, and asks when every pod is exchanged or something is in the way. Ends when the service was seen ready with the change. A progressive exchange needs the devices of one replica more; --rollout recreate ends the old pods first.'
  static override examples = [
    '<%= config.bin %> update service prod-llama --model llama-3-3-70b-fp8 --rollout progressive',
    '<%= config.bin %> update service prod-llama --runtime vllm-llama-3-3-70b',
    '<%= config.bin %> update service prod-llama --set engine.runner.image=vllm/vllm-openai:v0.9.1 --dry-run',
  ]
  static override args = {name: Args.string({required: true, description: 'service, e.g. prod-llama'})}
  static override flags = {
    model: Flags.string({summary: 'serve this model', helpValue: 'NAME'}),
    runtime: Flags.string({summary: 'with this runtime; auto: the one that the operator chooses', helpValue: 'NAME'}),
    'min-replicas': Flags.integer({min: 1, max: 1000, summary: 'fewest replicas', helpValue: 'N'}),
    'max-replicas': Flags.integer({min: 1, max: 1000, summary: 'most replicas', helpValue: 'N'}),
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
    canary: Flags.integer({
      min: 0,
      max: 100,
      summary: 'percent of the requests for the new version',
      helpValue: 'WEIGHT',
    }),
    'traffic-split': Flags.string({summary: 'the same as prev:90,canary:10', helpValue: 'SPLIT'}),
    'dry-run': flag.dryRun,
    wait: flag.wait,
    timeout: flag.timeout(),
    namespace: flag.namespace,
    yes: flag.yes,
    provider: flag.provider,
  }

  async run(): Promise<View | undefined> {
    const {args, flags} = await this.parse(UpdateService, withoutBareCanary(this.argv))
    const {model, runtime, set, rollout} = flags
    const isAsked = this.argv.includes('--canary')
    const canary = canaryShare({isAsked, canary: flags.canary, split: flags['traffic-split']})
    const sizes = {minReplicas: flags['min-replicas'], maxReplicas: flags['max-replicas']}
    return updateModel(
      this,
      {name: serviceTarget([args.name]), change: {model, runtime, ...sizes, set, rollout, canary}},
      {dryRun: flags['dry-run'], yes: flags.yes, wait: flags.wait, timeoutMs: flags.timeout},
    )
  }
}
