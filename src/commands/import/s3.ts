import * as Args from '@oclif/core/args'
import {BaseCommand, type View} from '@omni-cli/sdk/cli'
import {importUri} from '../../models/import/import-uri.ts'
import {storageFlags, uriRequest} from '../../models/import/uri-flags.ts'

/** `-o json`: `{spec, action, warnings}`; `action` is `created`, `exists` or, with `--dry-run`, `create`. */
export default class ImportS3 extends BaseCommand {
  static override summary = 'make a model of the cluster from S3'
  static override description =
    'OME reads addresses of s3:// and has no downloader for them, so that the model would never become ready: it is refused without --force. Copy the files to the nodes and use omni import local.'
  static override examples = [
    '<%= config.bin %> import s3 s3://models@eu-west-1/llama-70b --force',
    '<%= config.bin %> import s3 s3://models/llama-70b --force --dry-run',
  ]
  static override args = {address: Args.string({required: true, description: 's3://BUCKET@REGION/PREFIX'})}
  static override flags = storageFlags

  async run(): Promise<View | undefined> {
    const {args, flags} = await this.parse(ImportS3)
    return importUri(await this.session(), {
      ...uriRequest('s3', args.address, flags),
      signal: this.signal,
      notice: (text) => this.notice(text),
      approve: () => this.confirm('create it?', flags),
    })
  }
}
