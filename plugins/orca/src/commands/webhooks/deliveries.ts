import * as Args from '@oclif/core/args'
import {BaseCommand, type View} from '@omni-cli/sdk/cli'
import {openTarget} from '../../client/server-target.ts'
import {createWebhookClient} from '../../client/webhook-client.ts'
import {deliveriesView} from '../../client/webhook-view.ts'

export default class WebhooksDeliveries extends BaseCommand {
  static override summary = 'list the last pushes for a service, newest first'
  static override examples = ['<%= config.bin %> webhooks deliveries myapp']
  static override args = {service: Args.string({required: true, description: 'service that pushes redeploy'})}

  async run(): Promise<View> {
    const {args} = await this.parse(WebhooksDeliveries)
    const options = {signal: this.signal, notice: (text: string) => this.notice(text)}
    const {http, target} = await openTarget(await this.session(), options)
    const deliveries = await createWebhookClient(http, target).deliveries(args.service, options)
    return deliveriesView(deliveries, args.service, new Date())
  }
}
