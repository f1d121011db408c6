import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import {OmniError} from '@omni-cli/sdk'
import {BaseCommand, itemView, type View} from '@omni-cli/sdk/cli'
import {chooseProject, labelsOf, openSecrets, scopeFlags, tellUsers} from '../../client/secrets-command.ts'

export default class SecretsImport extends BaseCommand {
  static override summary = "set the secrets of a file: .env, JSON, Orca's secrets.json, or an age file of these"
  static override description =
    'What is set to something else already is refused as a whole, unless --overwrite. An export keeps the projects that are in it, unless --project or --global is given.'
  static override examples = [
    '<%= config.bin %> secrets import .env --project shop',
    '<%= config.bin %> secrets import services/shop/secrets.json --project shop',
    '<%= config.bin %> secrets import backup.age --identity ~/.config/age/key.txt',
  ]
  static override args = {file: Args.string({description: 'the file', required: true})}
  static override flags = {
    ...scopeFlags,
    overwrite: Flags.boolean({summary: 'replace what is set to something else'}),
    identity: Flags.string({char: 'i', summary: 'file with the age secret key that opens it', helpValue: 'FILE'}),
    'master-key': Flags.string({summary: "Orca's key; default ~/.orca/master.key", helpValue: 'FILE'}),
    'legacy-xor': Flags.boolean({summary: "also read Orca's oldest form, which cannot tell a wrong key"}),
  }

  async run(): Promise<View> {
    const {args, flags} = await this.parse(SecretsImport)
    const {readSecretsFile} = await import('../../secrets/read-file.ts')
    const found = await readSecretsFile(args.file, {
      identityFile: flags.identity,
      masterKeyFile: flags['master-key'],
      legacyXor: flags['legacy-xor'],
    })
    if (found.length === 0) throw new OmniError('NOT_FOUND', `there are no secrets in '${args.file}'`)
    const isPlaced = found.some((one) => one.project !== undefined) && flags.project === undefined && !flags.global
    const project = isPlaced ? undefined : await chooseProject(this, flags)
    const entries = isPlaced ? found : found.map(({key, value}) => ({key, value, project}))
    const secrets = await openSecrets(this)
    const onConflict = flags.overwrite ? 'replace' : 'refuse'
    const {set, unchanged, usedBy} = await secrets.put(entries, onConflict, {signal: this.signal})
    tellUsers(this, usedBy)
    return itemView({
      data: {set, unchanged, usedBy},
      text: (data) => [
        data.set.length === 0 ? 'nothing to set' : `set ${labelsOf(data.set)}`,
        ...(data.unchanged.length === 0 ? [] : [`set already: ${labelsOf(data.unchanged)}`]),
      ],
      ref: set.map((name) => `secret/${labelsOf([name])}`),
    })
  }
}
