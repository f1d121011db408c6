import {BaseCommand, type View} from '@omni-cli/sdk/cli'
import {findAdmin} from '../../client/admin-open.ts'
import {tokensView} from '../../client/admin-view.ts'

export default class TokenList extends BaseCommand {
  static override summary = 'list the tokens of the server'
  static override description = "The owner's token and those of the server's configuration file are not in it."
  static override examples = ['<%= config.bin %> token list', '<%= config.bin %> token list --output json']

  async run(): Promise<View> {
    await this.parse(TokenList)
    const server = await findAdmin(this)
    return tokensView((await server?.admin.tokens(server.call)) ?? [], new Date())
  }
}
