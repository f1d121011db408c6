import * as Args from '@oclif/core/args'
import {BaseCommand, itemView, type View} from '@omni-cli/sdk/cli'
import {openAdmin} from '../../client/admin-open.ts'

export default class WebhooksRemove extends BaseCommand {
  static override summary = 'remove the webhooks of a service'
  static override examples = ['<%= config.bin %> webhooks remove myapp']
  static override args = {service: Args.string({required: true, description: 'service that pushes redeploy'})}

  async run(): Promise<View> {
    const {args} = await this.parse(WebhooksRemove)
    const {webhooks, call} = await openAdmin(this)
    const count = await webhooks.remove(args.service, call)
    return itemView({
      data: {service: args.service, removed: count},
      text: ({service, removed}) => [`removed ${removed} ${removed === 1 ? 'webhook' : 'webhooks'} of '${service}'`],
      ref: `webhook/${args.service}`,
    })
  }
}
