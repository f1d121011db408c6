import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import {OmniError} from '@omni-cli/sdk'
import {BaseCommand, type View} from '@omni-cli/sdk/cli'
import {openAdmin} from '../../client/admin-open.ts'
import {expiryOf, issuedView} from '../../client/admin-view.ts'

export default class TokenCreate extends BaseCommand {
  static override summary = 'make a token for a person or a program'
  static override description =
    'Prints the secret, once and alone; the server keeps only a digest of it. A viewer reads, a deployer also deploys, scales and stops, an admin does everything.'
  static override examples = [
    '<%= config.bin %> token create gitea-ci --role deployer',
    'TOKEN=$(<%= config.bin %> token create --name gitea-ci --role deployer --expires 90d)',
    '<%= config.bin %> token create shop-ci --role deployer --project shop --output json',
  ]
  static override args = {name: Args.string({description: 'name of the token, e.g. gitea-ci'})}
  static override flags = {
    name: Flags.string({summary: 'the same as the argument', helpValue: 'NAME'}),
    role: Flags.option({
      summary: 'what it may do',
      options: ['admin', 'deployer', 'viewer'] as const,
      required: true,
    })(),
    expires: Flags.string({summary: 'when it ends: 30d, or a time like 2030-01-31T08:00:00Z', helpValue: 'TIME'}),
    project: Flags.string({summary: 'the only project it reaches; repeatable', helpValue: 'NAME', multiple: true}),
  }

  async run(): Promise<View> {
    const {args, flags} = await this.parse(TokenCreate)
    const name = args.name ?? flags.name
    if (name === undefined || (flags.name !== undefined && flags.name !== name)) {
      throw new OmniError('USAGE', 'give the token one name', {hint: 'omni token create NAME --role deployer'})
    }
    const expiresAt = flags.expires === undefined ? undefined : expiryOf(flags.expires)
    const {admin, call} = await openAdmin(this)
    const wish = {name, role: flags.role, expiresAt, projects: flags.project}
    const token = await admin.createToken(wish, call)
    this.notice(`'${token.name}' (${token.role}): the secret is shown once`)
    return issuedView(token)
  }
}
