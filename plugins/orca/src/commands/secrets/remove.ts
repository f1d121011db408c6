import * as Args from '@oclif/core/args'
import {OmniError} from '@omni-cli/sdk'
import {BaseCommand, flag, itemView, type View} from '@omni-cli/sdk/cli'
import {chooseProject, labelsOf, openSecrets, scopeFlags} from '../../client/secrets-command.ts'
import {secretLabel} from '../../secrets/reference.ts'

export default class SecretsRemove extends BaseCommand {
  static override summary = 'remove secrets'
  static override description =
    'Services that run keep what they have; without the secret they cannot start again, so it asks when there are some.'
  static override examples = ['<%= config.bin %> secrets remove OLD_KEY --project shop']
  static override hiddenAliases = ['secrets:rm', 'secrets:delete']
  static override args = {keys: Args.string({description: 'names of secrets', required: true, multiple: true})}
  static override flags = {...scopeFlags, yes: flag.yes}

  async run(): Promise<View | undefined> {
    const {args, flags} = await this.parse(SecretsRemove)
    const project = await chooseProject(this, flags)
    const names = [...new Set(args.keys)].map((key) => ({key, project}))
    const secrets = await openSecrets(this)
    const options = {signal: this.signal}
    const known = (await secrets.list(project, options)).secrets.filter((one) => one.project === project)
    const unknown = names.filter(({key}) => !known.some((one) => one.key === key))
    if (unknown.length > 0) {
      throw new OmniError('NOT_FOUND', `there is no secret ${labelsOf(unknown)}`, {hint: 'omni secrets list --all'})
    }
    const usedBy = [...new Set(known.filter(({key}) => args.keys.includes(key)).flatMap((one) => one.usedBy))].sort()
    if (usedBy.length > 0) {
      const isSure = await this.confirm(`remove ${labelsOf(names)}, which ${usedBy.join(', ')} need?`, {yes: flags.yes})
      if (!isSure) {
        this.notice('nothing was removed')
        return undefined
      }
    }
    for (const name of names) await secrets.remove(name, options)
    return itemView({
      data: {removed: names, usedBy},
      text: ({removed}) => removed.map((name) => `removed ${secretLabel(name)}`),
      ref: names.map((name) => `secret/${secretLabel(name)}`),
    })
  }
}
