import * as Flags from '@oclif/core/flags'
import {OmniError} from '@omni-cli/sdk'
import {BaseCommand, itemView, type View} from '@omni-cli/sdk/cli'
import {chooseProject, openSecrets, scopeFlags} from '../../client/secrets-command.ts'
import {readRecipients, writeExport} from '../../client/secrets-input.ts'
import {secretLabel} from '../../secrets/reference.ts'

export default class SecretsExport extends BaseCommand {
  static override summary = 'write secrets into an age file that the recipients can open'
  static override description =
    'For a backup or a repository. The server encrypts; nothing travels or is written in clear. Whoever exports is written down in its audit log.'
  static override examples = [
    '<%= config.bin %> secrets export --recipient age1… --out secrets.age',
    '<%= config.bin %> secrets export --recipients-file team.txt --project shop > shop.age',
  ]
  static override flags = {
    project: scopeFlags.project,
    all: Flags.boolean({summary: 'of all projects, also in the folder of one', exclusive: ['project']}),
    recipient: Flags.string({
      char: 'r',
      summary: 'public key of who can open it',
      helpValue: 'age1…',
      multiple: true,
      multipleNonGreedy: true,
    }),
    'recipients-file': Flags.string({char: 'R', summary: 'file with recipients, one a line', helpValue: 'FILE'}),
    out: Flags.string({summary: 'file to write; default: standard output', helpValue: 'FILE'}),
  }

  async run(): Promise<View | undefined> {
    const {flags} = await this.parse(SecretsExport)
    const file = flags['recipients-file']
    const recipients = [...(flags.recipient ?? []), ...(file === undefined ? [] : await readRecipients(file))]
    if (recipients.length === 0) {
      throw new OmniError('USAGE', 'who shall be able to open it? name at least one --recipient', {
        hint: 'age-keygen -o key.txt makes a key and tells its recipient',
      })
    }
    const project = flags.all ? undefined : await chooseProject(this, flags)
    const secrets = await openSecrets(this)
    const {age, secrets: names} = await secrets.exportTo(recipients, {project, signal: this.signal})
    if (names.length === 0)
      throw new OmniError('NOT_FOUND', 'there are no secrets to export', {hint: 'omni secrets list'})
    if (flags.out === undefined && (this.format === 'table' || this.format === 'wide')) {
      await this.write(age)
      return undefined
    }
    if (flags.out !== undefined) await writeExport(flags.out, age)
    return itemView({
      data: {file: flags.out, recipients, secrets: names, ...(flags.out === undefined ? {age} : {})},
      text: () => [`wrote ${names.length} ${names.length === 1 ? 'secret' : 'secrets'} to ${flags.out}`],
      ref: names.map((name) => `secret/${secretLabel(name)}`),
    })
  }
}
