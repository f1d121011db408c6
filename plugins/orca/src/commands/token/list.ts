import {BaseCommand, type View} from '@omni-cli/sdk/cli'
import {createAdminClient} from '../../client/admin.ts'
import {tokensView} from '../../client/admin-view.ts'
import {openTarget} from '../../client/server-target.ts'

export default class TokenList extends BaseCommand {
  static override summary = 'list the tokens of the server'
  static override description = "The owner's token and those of the server's configuration file are not in it."
  static override examples = ['<%= config.bin %> token list', '<%= config.bin %> token list --output json']

  async run(): Promise<View> {
    await this.parse(TokenList)
    const options = {signal: this.signal, notice: (text: string) => this.notice(text)}
    const {http, target} = await openTarget(await this.session(), options)
    return tokensView(await createAdminClient(http, target).tokens(options), new Date())
  }
}
