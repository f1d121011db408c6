import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import {OmniError} from '@omni-cli/sdk'
import {BaseCommand, itemView, type View} from '@omni-cli/sdk/cli'
import {chooseProject, findSecrets, scopeFlags} from '../../client/secrets-command.ts'
import {secretLabel} from '../../secrets/reference.ts'

export default class SecretsGet extends BaseCommand {
  static override summary = 'show who set a secret and who uses it; with --reveal its value'
  static override description =
    'Needs an admin. Whoever reveals a value is written down in the audit log of the server.'
  static override examples = [
    '<%= config.bin %> secrets get DB_PASS --project shop',
    '<%= config.bin %> secrets get DB_PASS --project shop --reveal',
  ]
  static override args = {key: Args.string({description: 'name of the secret', required: true})}
  static override flags = {...scopeFlags, reveal: Flags.boolean({summary: 'print the value itself'})}

  async run(): Promise<View> {
    const {args, flags} = await this.parse(SecretsGet)
    const name = {key: args.key, project: await chooseProject(this, flags)}
    const secrets = await findSecrets(this)
    const options = {signal: this.signal}
    const all = await secrets?.list(name.project, options)
    const found = all?.secrets.find(({key, project}) => key === name.key && project === name.project)
    if (secrets === undefined || found === undefined) {
      throw new OmniError('NOT_FOUND', `there is no secret '${secretLabel(name)}'`, {hint: 'omni secrets list --all'})
    }
    const ref = `secret/${secretLabel(name)}`
    if (flags.reveal) {
      const data = {...found, value: await secrets.reveal(name, options)}
      return itemView({data, text: ({value}) => value.split('\n'), ref})
    }
    return itemView({
      data: found,
      text: ({updatedAt, updatedBy, usedBy}) => [
        `secret   ${secretLabel(name)}`,
        `set      ${updatedAt} by ${updatedBy}`,
        `used by  ${usedBy.length === 0 ? '-' : usedBy.join(', ')}`,
      ],
      ref,
    })
  }
}
