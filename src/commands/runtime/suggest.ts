import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import {BaseCommand, flag, type View} from '@omni-cli/sdk/cli'
import {suggestRuntime} from '../../models/suggest.ts'
import {suggestionView} from '../../models/suggest-view.ts'

/** `-o json`: `{model, recommended?: {name, reason}, selected?, candidates: [{runtime, score?, compatible, fit}], excluded: [{name, reason}], warnings, error?}`. */
export default class RuntimeSuggest extends BaseCommand {
  static override summary = 'which runtime the operator picks for a model, and which fits'
  static override description =
    "The operator picks by architecture, formats, versions and size, and of equals by name: it does not look at memory. Beside its choice this shows whether weights and cache fit on devices that are free on single nodes now, and recommends the runtime that fits best. Each excluded runtime has its reason in the operator's words. Exit status 9 when no runtime serves the model."
  static override examples = [
    '<%= config.bin %> runtime suggest llama-3-3-70b-instruct',
    '<%= config.bin %> runtime suggest llama-3-3-70b-instruct --context-tokens 32768 --batch 16',
    '<%= config.bin %> runtime suggest llama-3-3-70b-instruct --all --output json',
  ]
  static override args = {model: Args.string({required: true, description: 'model of the catalogue'})}
  static override flags = {
    'context-tokens': Flags.integer({
      summary: 'tokens of one sequence (default: at most 8192)',
      helpValue: 'N',
      min: 1,
    }),
    batch: Flags.integer({summary: 'sequences at once', helpValue: 'N', min: 1, default: 1}),
    accelerator: Flags.string({summary: 'class of devices that the service will ask for', helpValue: 'CLASS'}),
    all: Flags.boolean({summary: 'also every excluded runtime with its reason'}),
    namespace: flag.namespace,
    provider: flag.provider,
  }

  async run(): Promise<View> {
    const {args, flags} = await this.parse(RuntimeSuggest)
    const {'context-tokens': contextTokens, batch, accelerator, all} = flags
    const options = {contextTokens, batch, accelerator, signal: this.signal}
    return suggestionView(await suggestRuntime(await this.session(), args.model, options), all)
  }
}
