import {BaseCommand, type View} from '@omni-cli/sdk/cli'
import {findAdmin} from '../../client/admin-open.ts'
import {webhooksView} from '../../client/webhook-view.ts'

export default class WebhooksList extends BaseCommand {
  static override summary = 'list the webhooks, without their secrets'
  static override examples = ['<%= config.bin %> webhooks list', '<%= config.bin %> webhooks list --output json']

  async run(): Promise<View> {
    await this.parse(WebhooksList)
    const server = await findAdmin(this)
    return webhooksView((await server?.webhooks.list(server.call)) ?? [], new Date())
  }
}
