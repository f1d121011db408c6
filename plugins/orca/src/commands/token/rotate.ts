import * as Args from '@oclif/core/args'
import {BaseCommand, type View} from '@omni-cli/sdk/cli'
import {createAdminClient} from '../../client/admin.ts'
import {issuedView} from '../../client/admin-view.ts'
import {openTarget} from '../../client/server-target.ts'

export default class TokenRotate extends BaseCommand {
  static override summary = 'give a token a new secret; the old one ends at once'
  static override description = 'Name, role, projects and expiry stay. Prints the new secret, once and alone.'
  static override examples = ['TOKEN=$(<%= config.bin %> token rotate gitea-ci)']
  static override args = {token: Args.string({required: true, description: 'name or id'})}

  async run(): Promise<View> {
    const {args} = await this.parse(TokenRotate)
    const options = {signal: this.signal, notice: (text: string) => this.notice(text)}
    const {http, target} = await openTarget(await this.session(), options)
    return issuedView(await createAdminClient(http, target).rotateToken(args.token, options))
  }
}
