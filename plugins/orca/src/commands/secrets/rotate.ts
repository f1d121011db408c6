import {BaseCommand, itemView, type View} from '@omni-cli/sdk/cli'
import {openSecrets} from '../../client/secrets-command.ts'

export default class SecretsRotate extends BaseCommand {
  static override summary = 'seal all secrets under a new master key'
  static override description =
    'The values stay as they are, and services run on. Copies of the store from before need the old key, so keep an export.'
  static override examples = ['<%= config.bin %> secrets rotate']

  async run(): Promise<View> {
    await this.parse(SecretsRotate)
    const client = await openSecrets(this)
    const secrets = await client.rotate({signal: this.signal})
    return itemView({
      data: {secrets},
      text: () => [`${secrets === 1 ? 'one secret is' : `${secrets} secrets are`} sealed under a new key`],
    })
  }
}
