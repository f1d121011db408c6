import * as Flags from '@oclif/core/flags'
import {BaseCommand, flag, type View} from '@omni-cli/sdk/cli'
import {listSnapshots} from '../../machines/snapshots/list.ts'
import {listGroups} from '../../machines/snapshots/manifest.ts'
import {groupsView, snapshotsView} from '../../machines/snapshots/views.ts'

/** `-o json`: `[{instance, name, createdAt, expiresAt?, sizeBytes?, isOfGroup}]`; with `--groups` the groups. */
export default class SnapshotList extends BaseCommand {
  static override summary = 'list the snapshots of instances, or their groups'
  static override examples = [
    '<%= config.bin %> snapshot list',
    '<%= config.bin %> snapshot list worker-1',
    '<%= config.bin %> snapshot list --groups',
  ]
  static override strict = false
  static override usage = 'snapshot list [NAME...] | --groups'
  static override flags = {
    groups: Flags.boolean({summary: 'snapshots that were taken together'}),
    provider: flag.provider,
  }

  async run(): Promise<View> {
    const {argv, flags} = await this.parse(SnapshotList)
    const session = await this.session()
    const notice = (text: string) => this.notice(text)
    if (flags.groups) return groupsView(await listGroups(session, {notice}))
    return snapshotsView(await listSnapshots(session, argv.map(String), {signal: this.signal, notice}))
  }
}
