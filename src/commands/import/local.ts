import * as Args from '@oclif/core/args'
import {BaseCommand, type View} from '@omni-cli/sdk/cli'
import {importUri} from '../../models/import/import-uri.ts'
import {uriFlags, uriRequest} from '../../models/import/uri-flags.ts'

/** `-o json`: `{spec, action, warnings}`; `action` is `created`, `exists` or, with `--dry-run`, `create`. */
export default class ImportLocal extends BaseCommand {
  static override summary = 'make a model of the cluster from a folder of its nodes'
  static override description =
    'The files must be in that folder on every node that is to serve the model; nothing is copied, and they stay when the model is deleted. They are not looked at from here: the agent reads type and size on the node.'
  static override examples = [
    '<%= config.bin %> import local /raid/models/custom-model',
    '<%= config.bin %> import local /raid/models/custom-model --name custom --architecture LlamaForCausalLM --size 8B',
  ]
  static override args = {address: Args.string({required: true, description: 'absolute path on the nodes'})}
  static override flags = {
    ...uriFlags,
  }

  async run(): Promise<View | undefined> {
    const {args, flags} = await this.parse(ImportLocal)
    return importUri(await this.session(), {
      ...uriRequest('local', args.address, flags),
      signal: this.signal,
      notice: (text) => this.notice(text),
      approve: () => this.confirm('create it?', flags),
    })
  }
}
