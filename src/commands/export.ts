import * as Flags from '@oclif/core/flags'
import {BaseCommand, flag, parseLabels, type View} from '@omni-cli/sdk/cli'
import {chooseToExport} from '../machines/archive/choose.ts'
import {exportMachines} from '../machines/archive/export.ts'
import {exportView} from '../machines/archive/export-view.ts'
import {exportThings, isOfCluster} from '../resources/export-things.ts'

/** `-o json`: `[{instance, file, bytes, sha256}]`; of things of a cluster the object, or a `List`. */
export default class Export extends BaseCommand {
  static override summary = 'write instances to files, things of a cluster as documents'
  static override description =
    'A file holds the whole instance, with its snapshots where the backend has them in it; its SHA-256 stands beside it. "omni import instance" makes an instance of it again. A file is there as a whole or not at all. Things of a cluster are named with their kind, and written to the standard output as documents that can be applied again.'
  static override examples = [
    '<%= config.bin %> export worker-1',
    '<%= config.bin %> export worker-1 /backup/worker-1.tar.gz --force',
    '<%= config.bin %> export service web',
    '<%= config.bin %> export --label role=worker --dir /backup',
    '<%= config.bin %> export worker-1 - | ssh host omni import instance - --name worker-1',
  ]
  static override strict = false
  static override usage = 'export NAME [FILE] | KIND NAME... | NAME... --dir FOLDER | --label KEY=VALUE | --all'
  static override flags = {
    dir: Flags.string({summary: 'folder for the files; default: this one', helpValue: 'FOLDER'}),
    label: flag.labels,
    all: Flags.boolean({summary: 'every instance'}),
    force: Flags.boolean({summary: 'replace a file that is there'}),
    namespace: flag.namespace,
    provider: flag.provider,
  }

  async run(): Promise<View | undefined> {
    const {argv, flags} = await this.parse(Export)
    const session = await this.session()
    const words = argv.map(String)
    if (await isOfCluster(session, words, {signal: this.signal}))
      return exportThings(session, words, {signal: this.signal})
    const {machines, file} = await chooseToExport(session, {
      ...{words, dir: flags.dir, all: flags.all, signal: this.signal},
      labels: flags.label === undefined ? undefined : parseLabels(flags.label),
    })
    const exported = await exportMachines({
      ...{machines, file, dir: flags.dir ?? '.', force: flags.force, stdout: process.stdout},
      ...{progress: await this.progress(), signal: this.signal},
    })
    return file === '-' ? undefined : exportView(exported)
  }
}
