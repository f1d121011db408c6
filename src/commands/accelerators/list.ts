import {BaseCommand, flag, type View} from '@omni-cli/sdk/cli'
import {acceleratorsView, listAccelerators} from '../../models/accelerators.ts'

/** `-o json`: `[{name, total, used, free, largestFree, nodes, memoryBytes?, perHour?, declared}]`. */
export default class AcceleratorsList extends BaseCommand {
  static override summary = 'classes of devices: how many there are, are used and are free'
  static override description =
    'Declared classes (AcceleratorClass), and those that only the labels of the nodes tell of.'
  static override examples = [
    '<%= config.bin %> accelerators list',
    '<%= config.bin %> accelerators list --output wide',
  ]
  static override flags = {provider: flag.provider}

  async run(): Promise<View> {
    await this.parse(AcceleratorsList)
    return acceleratorsView(await listAccelerators(await this.session(), {signal: this.signal}))
  }
}
