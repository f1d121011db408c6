import * as Flags from '@oclif/core/flags'
import {BaseCommand, flag, type View} from '@omni-cli/sdk/cli'
import {changeWorkloads} from '../../machines/act.ts'
import {workloadsView} from '../../machines/act-view.ts'
import {chooseSnapshots} from '../../machines/snapshots/chosen.ts'
import {planRestore, restoreSnapshots} from '../../machines/snapshots/restore.ts'

/** `-o json`: the instance as it is then; an array of them when there are several. */
export default class SnapshotRestore extends BaseCommand {
  static override summary = 'go back to snapshots, or make new instances of them'
  static override description =
    'What changed since the snapshot is lost, so it asks; a running instance runs again afterwards. With --to or --as the snapshot becomes a new instance, which is stopped, and the old one stays as it is.'
  static override examples = [
    '<%= config.bin %> snapshot restore worker-1 before-upgrade',
    '<%= config.bin %> snapshot restore omni-20260131t080000z --yes',
    '<%= config.bin %> snapshot restore worker-1 before-upgrade --to worker-test',
    '<%= config.bin %> snapshot restore omni-20260131t080000z --as test --start',
  ]
  static override strict = false
  static override usage = 'snapshot restore NAME SNAPSHOT | GROUP'
  static override flags = {
    as: Flags.string({summary: 'make new instances, called NAME-SUFFIX', helpValue: 'SUFFIX', exclusive: ['to']}),
    to: Flags.string({summary: 'make a new instance of this name', helpValue: 'NAME'}),
    start: Flags.boolean({summary: 'start the instances afterwards'}),
    partial: Flags.boolean({summary: 'also a group in which some failed or are gone'}),
    yes: flag.yes,
    provider: flag.provider,
  }

  async run(): Promise<View | undefined> {
    const {argv, flags} = await this.parse(SnapshotRestore)
    const {signal} = this
    const session = await this.session()
    const chosen = await chooseSnapshots(session, argv.map(String), {signal, mayMiss: flags.partial})
    const names = {suffix: flags.as, to: flags.to, allowPartial: flags.partial}
    const steps = await planRestore(chosen, names, {signal})
    if (chosen.missing.length > 0) this.notice(`left out, for it is gone: ${chosen.missing.join(', ')}`)
    const back = steps.filter(({to}) => to === undefined).map(({machine}) => machine.name)
    const question = `${back.join(', ')}: go back to '${chosen.snapshot}' and lose what changed since?`
    if (back.length > 0 && !(await this.confirm(question, flags))) {
      this.notice('nothing was restored')
      return undefined
    }
    const progress = await this.progress()
    const restored = await restoreSnapshots(session, {snapshot: chosen.snapshot, steps}, {progress, signal})
    const machines = flags.start ? await changeWorkloads('start', restored, {progress, signal}) : restored
    return workloadsView(machines, 'restored')
  }
}
