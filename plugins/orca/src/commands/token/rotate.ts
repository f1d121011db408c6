import * as Args from '@oclif/core/args'
import {BaseCommand, type View} from '@omni-cli/sdk/cli'
import {openAdmin} from '../../client/admin-open.ts'
import {issuedView} from '../../client/admin-view.ts'

export default class TokenRotate extends BaseCommand {
  static override summary = 'give a token a new secret; the old one ends at once'
  static override description = 'Name, role, projects and expiry stay. Prints the new secret, once and alone.'
  static override examples = ['TOKEN=$(<%= config.bin %> token rotate gitea-ci)']
  static override args = {token: Args.string({required: true, description: 'name or id'})}

  async run(): Promise<View> {
    const {args} = await this.parse(TokenRotate)
    const {admin, call} = await openAdmin(this)
    return issuedView(await admin.rotateToken(args.token, call))
  }
}
