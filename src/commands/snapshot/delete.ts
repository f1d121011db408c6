import {BaseCommand, flag, type View} from '@omni-cli/sdk/cli'
import {chooseSnapshots} from '../../machines/snapshots/chosen.ts'
import {removeSnapshots} from '../../machines/snapshots/remove.ts'
import {removedView} from '../../machines/snapshots/views.ts'

/** `-o json`: `{snapshot, instances: [name]}`. */
export default class SnapshotDelete extends BaseCommand {
  static override summary = 'remove a snapshot, or a group of them'
  static override description = 'Asks before it removes. The instances stay as they are.'
  static override examples = [
    '<%= config.bin %> snapshot delete worker-1 before-upgrade',
    '<%= config.bin %> snapshot delete omni-20260131t080000z --yes',
  ]
  static override strict = false
  static override usage = 'snapshot delete NAME SNAPSHOT | GROUP'
  static override flags = {yes: flag.yes, provider: flag.provider}

  async run(): Promise<View | undefined> {
    const {argv, flags} = await this.parse(SnapshotDelete)
    const {signal} = this
    const session = await this.session()
    // Some of a group may have expired, or were removed one by one.
    const chosen = await chooseSnapshots(session, argv.map(String), {signal, mayMiss: argv.length === 1})
    const names = chosen.machines.map(({name}) => name).join(', ')
    if (!(await this.confirm(`remove the snapshot '${chosen.snapshot}' of ${names || 'no instance'}?`, flags))) {
      this.notice('nothing was removed')
      return undefined
    }
    const progress = await this.progress()
    return removedView(chosen.snapshot, await removeSnapshots(session, chosen, {progress, signal}))
  }
}
