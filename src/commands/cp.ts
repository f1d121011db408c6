import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import {BaseCommand, flag, type View} from '@omni-cli/sdk/cli'
import {copyFiles} from '../machines/files/copy.ts'
import {copyView} from '../machines/files/copy-view.ts'
import {parseOwner} from '../machines/files/endpoint.ts'

/** `-o json`: `{source, target, files, folders, links, bytes, skipped: [path]}`. */
export default class Cp extends BaseCommand {
  static override summary = 'copy files into, out of and between instances'
  static override description =
    'As "cp": into a folder that is there, else to the path itself. Permissions are kept, symlinks stay symlinks. A file is there as a whole or not at all. What is neither file, folder nor symlink is left out, and the exit status is 9.'
  static override examples = [
    '<%= config.bin %> cp app.conf worker-1:/etc/app.conf --owner 1000:1000',
    '<%= config.bin %> cp --recursive worker-1:/var/log ./logs',
    '<%= config.bin %> cp worker-1:/etc/hosts worker-2:/etc/hosts',
    '<%= config.bin %> cp worker-1:/srv/dump.sql - | gzip > dump.sql.gz',
  ]
  static override args = {
    source: Args.string({required: true, description: 'file or folder here, NAME:/path, or "-" for stdin'}),
    destination: Args.string({required: true, description: 'file or folder here, NAME:/path, or "-" for stdout'}),
  }
  static override flags = {
    recursive: Flags.boolean({char: 'r', summary: 'folders with all that is in them'}),
    owner: Flags.string({
      summary: 'whom the files inside belong to; default: as on the other instance, else root',
      helpValue: 'UID:GID',
    }),
    provider: flag.provider,
  }

  async run(): Promise<View | undefined> {
    const {args, flags} = await this.parse(Cp)
    const owner = flags.owner === undefined ? undefined : parseOwner(flags.owner)
    const {source, destination: target} = args
    const session = await this.session()
    const progress = await this.progress()
    const outcome = await progress.step(`copy ${source}`, (step) =>
      copyFiles(session, {
        ...{source, target, owner, recursive: flags.recursive, signal: this.signal},
        ...{stdin: process.stdin, stdout: process.stdout, onProgress: (note) => step.note(note)},
      }),
    )
    return target === '-' ? undefined : copyView(outcome)
  }
}
