import * as Args from '@oclif/core/args'
import {BaseCommand, itemView, type View} from '@omni-cli/sdk/cli'
import {openAdmin} from '../../client/admin-open.ts'

export default class TokenRevoke extends BaseCommand {
  static override summary = 'end a token; what it has open ends within seconds'
  static override examples = ['<%= config.bin %> token revoke gitea-ci']
  static override args = {token: Args.string({required: true, description: 'name or id'})}

  async run(): Promise<View> {
    const {args} = await this.parse(TokenRevoke)
    const {admin, call} = await openAdmin(this)
    await admin.revokeToken(args.token, call)
    return itemView({
      data: {revoked: args.token},
      text: ({revoked}) => [`token '${revoked}' is revoked`],
      ref: `token/${args.token}`,
    })
  }
}
