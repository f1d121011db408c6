import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import {OmniError, parseBytes} from '@omni-cli/sdk'
import {BaseCommand, flag, type View} from '@omni-cli/sdk/cli'
import {fitModel} from '../models/fit.ts'
import {fitView} from '../models/fit-view.ts'

/** `-o json`: `{model, size?, parameters?, quantization?, fits: [{accelerator?, gpuMemoryBytes?, fit: {verdict, weightsBytes, cacheBytes, …}}]}`. */
export default class Fit extends BaseCommand {
  static override summary = 'whether a model fits into the memory of devices'
  static override description =
    'An estimate from parameters, quantization and the layers in config.json: weights, keys and values of the context, overhead. It says how sure it is: hybrid models and those whose config.json is not known are rough. Without --gpu-memory it looks at each class of devices in the cluster, at what is free on single nodes.'
  static override examples = [
    '<%= config.bin %> fit llama-3-3-70b-instruct',
    '<%= config.bin %> fit llama-3-3-70b-instruct --gpus 2 --gpu-memory 80Gi --quantization fp8',
    '<%= config.bin %> fit hf://meta-llama/Llama-3.3-70B-Instruct --gpu-memory 80Gi --context-tokens 131072',
  ]
  static override args = {
    model: Args.string({required: true, description: 'model of the catalogue, or a reference like hf://OWNER/NAME'}),
  }
  static override flags = {
    gpus: Flags.integer({summary: 'devices of one replica (default: the fewest it fits on)', helpValue: 'N', min: 1}),
    'gpu-memory': Flags.string({summary: 'memory of one device: 80Gi', helpValue: 'SIZE'}),
    'context-tokens': Flags.integer({
      summary: 'tokens of one sequence (default: at most 8192)',
      helpValue: 'N',
      min: 1,
    }),
    batch: Flags.integer({summary: 'sequences at once', helpValue: 'N', min: 1, default: 1}),
    quantization: Flags.string({summary: "instead of the model's own: fp8, int4, none", helpValue: 'KIND'}),
    accelerator: Flags.string({summary: 'only this class of devices', helpValue: 'CLASS'}),
    namespace: flag.namespace,
    provider: flag.provider,
  }

  async run(): Promise<View> {
    const {args, flags} = await this.parse(Fit)
    const {gpus, batch, quantization, accelerator, 'context-tokens': contextTokens, 'gpu-memory': memory} = flags
    const gpuMemoryBytes = memory === undefined ? undefined : memoryOf(memory)
    const options = {gpus, gpuMemoryBytes, contextTokens, batch, quantization, accelerator, signal: this.signal}
    return fitView(await fitModel(await this.session(), args.model, options))
  }
}

function memoryOf(text: string): number {
  // A bare number is meant in gibibytes: no device has 80 bytes.
  const bytes = parseBytes(/^\d+$/.test(text) ? `${text}Gi` : text)
  if (bytes !== undefined && bytes > 0) return bytes
  throw new OmniError('USAGE', `--gpu-memory '${text}' is no size like 80Gi`)
}
