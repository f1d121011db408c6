import * as Args from '@oclif/core/args'
import {BaseCommand, type View} from '@omni-cli/sdk/cli'
import {importUri} from '../../models/import/import-uri.ts'
import {storageFlags, uriRequest} from '../../models/import/uri-flags.ts'

/** `-o json`: `{spec, action, warnings}`; `action` is `created`, `exists` or, with `--dry-run`, `create`. */
export default class ImportOci extends BaseCommand {
  static override summary = 'make a model of the cluster from Oracle Object Storage'
  static override description =
    'To OME, oci:// is Oracle Object Storage and no registry of images: oci://registry/model:tag is refused, with what to do instead. The files are not looked at: the agent reads type and size on the node.'
  static override examples = [
    '<%= config.bin %> import oci oci://n/my-namespace/b/models/o/llama-70b',
    '<%= config.bin %> import oci oci://n/my-namespace/b/models/o/llama-70b --name llama --vendor meta --architecture LlamaForCausalLM',
  ]
  static override args = {address: Args.string({required: true, description: 'oci://n/NAMESPACE/b/BUCKET/o/PREFIX'})}
  static override flags = storageFlags

  async run(): Promise<View | undefined> {
    const {args, flags} = await this.parse(ImportOci)
    return importUri(await this.session(), {
      ...uriRequest('oci', args.address, flags),
      signal: this.signal,
      notice: (text) => this.notice(text),
      approve: () => this.confirm('create it?', flags),
    })
  }
}
