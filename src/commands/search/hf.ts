import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import type {ResolvedModel} from '@omni-cli/sdk'
import {BaseCommand, type ListView} from '@omni-cli/sdk/cli'
import {searchModels} from '../../models/search.ts'
import {foundView} from '../../models/search-view.ts'

/** `-o json`: `[{ref, revision, parameters?, size?, vendor?, license?, access, downloads?, likes?, updatedAt?, tags?}]`. */
export default class SearchHf extends BaseCommand {
  static override summary = 'find models on the Hugging Face Hub'
  static override description =
    'One request, and more only where it takes them to find enough. Uses HF_TOKEN, HF_ENDPOINT and the token of "hf auth login" where they are; without a token only public models are found. ACCESS "gated": terms must be accepted before the files can be read.'
  static override examples = [
    '<%= config.bin %> search hf "llama 70b"',
    '<%= config.bin %> search hf --vendor meta-llama --min-downloads 1000',
    '<%= config.bin %> search hf coder --task text-generation --library safetensors --sort likes',
    '<%= config.bin %> search hf llama --fits',
  ]
  static override args = {query: Args.string({description: 'words of the name; default: any'})}
  static override flags = {
    vendor: Flags.string({summary: 'only models of this organisation or user', helpValue: 'NAME'}),
    'min-downloads': Flags.integer({min: 0, summary: 'only those with as many downloads a month', helpValue: 'N'}),
    task: Flags.string({summary: 'what it is for: text-generation, feature-extraction, …'}),
    library: Flags.string({summary: 'what it is made for: transformers, safetensors, gguf, …'}),
    sort: Flags.option({
      options: ['downloads', 'likes', 'updated', 'trending'] as const,
      default: 'downloads' as const,
      summary: 'what goes first',
    })(),
    limit: Flags.integer({min: 1, max: 1000, default: 20, summary: 'how many', helpValue: 'N'}),
    fits: Flags.boolean({summary: 'only those that fit into the devices that are free on one node of the cluster'}),
  }

  async run(): Promise<ListView<ResolvedModel>> {
    const {args, flags} = await this.parse(SearchHf)
    const {'min-downloads': minDownloads, vendor, task, library, sort, limit, fits} = flags
    const question = {
      query: args.query ?? '',
      vendor,
      minDownloads,
      task,
      library,
      sort,
      limit,
      fits,
      signal: this.signal,
    }
    return foundView(await searchModels(await this.session(), 'hf', question))
  }
}
