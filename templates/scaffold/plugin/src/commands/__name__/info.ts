import {BaseCommand, itemView, type View} from '@omni-cli/sdk/cli'

export default class Info extends BaseCommand {
  static override summary = 'show how many machines __Name__ holds'
  static override examples = ['<%= config.bin %> __name__ info', '<%= config.bin %> __name__ info -o json']

  async run(): Promise<View | undefined> {
    await this.parse(Info)
    const session = await this.session()
    const provider = await session.open('instance', '__name__')
    const instances = await provider.list({signal: this.signal})
    const data = {provider: provider.name, instances: instances.length}
    return itemView({data, text: ({provider, instances}) => [`${provider}: ${instances} instances`]})
  }
}
