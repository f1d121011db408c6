import * as Args from '@oclif/core/args'
import {BaseCommand, type View} from '@omni-cli/sdk/cli'
import {findAdmin} from '../../client/admin-open.ts'
import {deliveriesView} from '../../client/webhook-view.ts'

export default class WebhooksDeliveries extends BaseCommand {
  static override summary = 'list the last pushes for a service, newest first'
  static override examples = ['<%= config.bin %> webhooks deliveries myapp']
  static override args = {service: Args.string({required: true, description: 'service that pushes redeploy'})}

  async run(): Promise<View> {
    const {args} = await this.parse(WebhooksDeliveries)
    const server = await findAdmin(this)
    const deliveries = (await server?.webhooks.deliveries(args.service, server.call)) ?? []
    return deliveriesView(deliveries, args.service, new Date())
  }
}
