import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import {BaseCommand, itemView, type View} from '@omni-cli/sdk/cli'
import {chooseProject, openSecrets, scopeFlags, tellUsers} from '../../client/secrets-command.ts'
import {readSecretValue} from '../../client/secrets-input.ts'
import {secretLabel} from '../../secrets/reference.ts'

export default class SecretsSet extends BaseCommand {
  static override summary = 'set a secret that services refer to in their environment'
  static override description =
    'Without a value it is read from standard input, or asked for without being shown. It is encrypted here for the server, which keeps it encrypted. Services get it when they start.'
  static override examples = [
    '<%= config.bin %> secrets set DB_PASS',
    'openssl rand -hex 32 | <%= config.bin %> secrets set API_KEY --project shop',
    '<%= config.bin %> secrets set TLS_KEY --from-file ./key.pem --global',
  ]
  static override args = {
    key: Args.string({description: 'name of the secret', required: true}),
    value: Args.string({description: 'the value; visible to others while the command runs'}),
  }
  static override flags = {
    ...scopeFlags,
    'from-file': Flags.string({summary: 'file that is the value, byte for byte', helpValue: 'FILE'}),
  }

  async run(): Promise<View> {
    const {args, flags} = await this.parse(SecretsSet)
    const project = await chooseProject(this, flags)
    if (args.value !== undefined) {
      this.notice(
        "a value on the command line is in the list of processes and in the shell's history; better: pipe it in",
      )
    }
    const {key} = args
    const value = await readSecretValue({key, value: args.value, file: flags['from-file'], signal: this.signal})
    const secrets = await openSecrets(this)
    const {set, usedBy} = await secrets.put([{key, project, value}], 'replace', {signal: this.signal})
    tellUsers(this, usedBy)
    const label = secretLabel({key, project})
    return itemView({
      data: {key, project, changed: set.length > 0, usedBy},
      text: ({changed}) => [changed ? `set ${label}` : `${label} has this value already`],
      ref: `secret/${label}`,
    })
  }
}
