import * as Args from '@oclif/core/args'
import {guess, OmniError} from '@omni-cli/sdk'
import {BaseCommand, itemView, type TextLine, type View} from '@omni-cli/sdk/cli'
import {type ProviderReport, reportProviders} from '../../context/providers.ts'

export default class ProviderCheck extends BaseCommand {
  static override summary = 'ask the drivers whether they can work'
  static override description =
    'Exit status 9 when the named driver, or one that the context names, cannot work; without a name at least one must.'
  static override examples = ['<%= config.bin %> provider check', '<%= config.bin %> provider check orca']
  static override args = {id: Args.string({description: 'driver to ask; default: all'})}

  async run(): Promise<View> {
    const {args} = await this.parse(ProviderCheck)
    const session = await this.session()
    const all = await reportProviders(session, {signal: this.signal})
    const reports = args.id === undefined ? all : all.filter(({id}) => id === args.id)
    if (reports.length === 0) throw unknownProvider(args.id, all)
    const needed = new Set([args.id, ...Object.values(session.context.providers ?? {})])
    const isWorking = reports.some(({ok}) => ok) && reports.every(({ok, id}) => ok || !needed.has(id))
    return itemView({
      data: reports,
      text: () => reports.map(reportLine),
      exitCode: isWorking ? 0 : 9,
    })
  }
}

function reportLine({id, kind, ok, version, message, hint}: ProviderReport): TextLine {
  const rest = [version, message].filter(Boolean).join(', ')
  return [
    [ok ? 'ok' : 'unavailable', ok ? 'good' : 'bad'],
    ` ${id} (${kind})${rest === '' ? '' : `: ${rest}`}`,
    [hint === undefined ? '' : `  try: ${hint}`, 'dim'],
  ]
}

function unknownProvider(id: string | undefined, all: readonly ProviderReport[]): OmniError {
  if (id === undefined) return new OmniError('UNAVAILABLE', 'no plugin supplies a driver', {hint: 'omni plugin list'})
  const ids = all.map((report) => report.id)
  return new OmniError('NOT_FOUND', `there is no driver '${id}'${guess(id, ids)}`, {
    hint: 'omni provider list',
  })
}
