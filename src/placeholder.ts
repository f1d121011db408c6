import type {Service} from '@omni-cli/sdk'
import {BaseCommand, listView, type View} from '@omni-cli/sdk/cli'
export default class X extends BaseCommand {
  async run(): Promise<View> {
    const {flags} = await this.parse(X)
    const s = await (await this.session()).open('service', flags.context)
    return listView<Service>({
      columns: [{header: 'A', value: (r) => r.name}],
      rows: await s.list({signal: this.signal}),
      ref: (r) => `service/${r.name}`,
      empty: 'x',
    })
  }
}
