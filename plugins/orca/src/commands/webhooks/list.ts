import {BaseCommand, type View} from '@omni-cli/sdk/cli'
import {openTarget} from '../../client/server-target.ts'
import {createWebhookClient} from '../../client/webhook-client.ts'
import {webhooksView} from '../../client/webhook-view.ts'

export default class WebhooksList extends BaseCommand {
  static override summary = 'list the webhooks, without their secrets'
  static override examples = ['<%= config.bin %> webhooks list', '<%= config.bin %> webhooks list --output json']

  async run(): Promise<View> {
    await this.parse(WebhooksList)
    const options = {signal: this.signal, notice: (text: string) => this.notice(text)}
    const {http, target} = await openTarget(await this.session(), options)
    return webhooksView(await createWebhookClient(http, target).list(options), new Date())
  }
}
