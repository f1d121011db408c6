import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import {BaseCommand, flag, type View} from '@omni-cli/sdk/cli'
import {changeWorkloads} from '../../machines/act.ts'
import {workloadsView} from '../../machines/act-view.ts'
import {importMachine} from '../../machines/archive/import.ts'

/** `-o json`: the state of the instance. */
export default class ImportInstance extends BaseCommand {
  static override summary = 'make an instance of a file that "omni export" wrote'
  static override description =
    'Checks the SHA-256 that stands beside the file, when there is one. The instance is stopped, and none is left over when it fails.'
  static override examples = [
    '<%= config.bin %> import instance worker-1-20260131t080000z.tar.gz',
    '<%= config.bin %> import instance /backup/worker-1.tar.gz --name worker-2 --start',
  ]
  static override args = {file: Args.string({required: true, description: 'file, or "-" for stdin'})}
  static override flags = {
    name: Flags.string({summary: 'name of the instance; default: from the name of the file', helpValue: 'NAME'}),
    start: Flags.boolean({summary: 'start it afterwards'}),
    provider: flag.provider,
  }

  async run(): Promise<View> {
    const {args, flags} = await this.parse(ImportInstance)
    const provider = await (await this.session()).open('instance')
    const {signal} = this
    const progress = await this.progress()
    const {file} = args
    const made = await importMachine(provider, {file, name: flags.name, stdin: process.stdin, progress, signal})
    const machines = flags.start ? await changeWorkloads('start', [made], {progress, signal}) : [made]
    return workloadsView(machines, 'imported')
  }
}
