import {redact} from '@omni-cli/sdk'
import {BaseCommand, type Context, listView, type View} from '@omni-cli/sdk/cli'
import {allContexts, driversText} from '../../context/contexts.ts'

export default class ContextList extends BaseCommand {
  static override summary = 'list the contexts: the places that commands work with'
  static override examples = ['<%= config.bin %> context list', '<%= config.bin %> context list --output json']

  async run(): Promise<View> {
    await this.parse(ContextList)
    const {config, context} = await this.session()
    const isCurrent = ({name}: Context) => name === context.name
    return listView<Context>({
      rows: allContexts(config),
      columns: [
        {header: 'CURRENT', value: (row) => (isCurrent(row) ? '*' : ' ')},
        {header: 'NAME', value: (row) => row.name, tone: (row) => (isCurrent(row) ? 'good' : 'plain')},
        {header: 'CLUSTER', value: (row) => row.cluster},
        {header: 'NAMESPACE', value: (row) => row.namespace},
        {header: 'PROVIDERS', value: driversText},
      ],
      ref: ({name}) => `context/${name}`,
      data: (row) => ({...redact(row), current: isCurrent(row)}),
      empty: 'there is no context',
    })
  }
}
