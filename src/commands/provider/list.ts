import * as Flags from '@oclif/core/flags'
import {BaseCommand, itemView, listView, renderMatrix, type View} from '@omni-cli/sdk/cli'
import {facetMatrices, type ProviderReport, reportProviders} from '../../context/providers.ts'

export default class ProviderList extends BaseCommand {
  static override summary = 'list the drivers, what each can do, and why one is not available'
  static override description =
    'Every driver of the installed plugins is opened and asked. --facets shows what they can do as a table.'
  static override examples = [
    '<%= config.bin %> provider list',
    '<%= config.bin %> provider list --facets',
    '<%= config.bin %> provider list --output json',
  ]
  static override flags = {facets: Flags.boolean({summary: 'show what each driver can do as a table'})}

  async run(): Promise<View> {
    const {flags} = await this.parse(ProviderList)
    const reports = await reportProviders(await this.session(), {signal: this.signal})
    if (flags.facets) {
      const tables = await Promise.all(facetMatrices(reports).map(renderMatrix))
      return itemView({data: reports, text: () => tables.flat()})
    }
    return listView<ProviderReport>({
      rows: reports,
      columns: [
        {header: 'KIND', value: (row) => row.kind},
        {header: 'ID', value: (row) => row.id},
        {header: 'STATUS', value: (row) => (row.ok ? 'ok' : 'unavailable'), tone: (row) => (row.ok ? 'good' : 'bad')},
        {header: 'VERSION', value: (row) => row.version},
        {header: 'FACETS', value: (row) => row.facets.join(' ')},
        {header: 'MESSAGE', value: (row) => [row.message, row.hint].filter(Boolean).join(': ')},
        {header: 'PLUGIN', value: (row) => row.plugin, wide: true},
        {header: 'TITLE', value: (row) => row.title, wide: true},
      ],
      ref: ({id}) => `provider/${id}`,
      empty: 'no plugin supplies a driver; see: omni plugin list',
    })
  }
}
