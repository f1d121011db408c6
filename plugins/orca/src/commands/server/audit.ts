import * as Flags from '@oclif/core/flags'
import {OmniError} from '@omni-cli/sdk'
import {BaseCommand, flag, type View} from '@omni-cli/sdk/cli'
import {followAudit} from '../../client/admin-audit.ts'
import {findAdmin} from '../../client/admin-open.ts'
import {auditView} from '../../client/admin-view.ts'

export default class ServerAudit extends BaseCommand {
  static override summary = 'show who changed what, and who was refused'
  static override description = 'Oldest first. No value of a request is kept: only names, places and outcomes.'
  static override examples = [
    '<%= config.bin %> server audit --since 1h',
    '<%= config.bin %> server audit --actor gitea-ci --output json',
    '<%= config.bin %> server audit --follow --output jsonl',
  ]
  static override flags = {
    since: flag.since,
    follow: flag.follow,
    actor: Flags.string({summary: 'only what this token did', helpValue: 'NAME'}),
    limit: Flags.integer({summary: 'at most so many of the newest', helpValue: 'N', min: 1, max: 5000, default: 200}),
  }

  async run(): Promise<View | undefined> {
    const {flags} = await this.parse(ServerAudit)
    if (flags.follow && (this.format === 'json' || this.format === 'yaml')) {
      throw new OmniError('USAGE', `--follow never ends, so its output cannot be ${this.format}`, {
        hint: 'omni server audit --follow --output jsonl',
      })
    }
    const server = await findAdmin(this)
    if (server === undefined) return auditView([])
    const {admin, call} = server
    const query = {since: flags.since, actor: flags.actor, limit: flags.limit}
    if (!flags.follow) return auditView(await admin.audit(query, call))
    return auditView(followAudit((page) => admin.audit(page, call), query, this.signal))
  }
}
