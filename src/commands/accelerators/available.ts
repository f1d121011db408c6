import {BaseCommand, flag, type View} from '@omni-cli/sdk/cli'
import {availableView, listAccelerators} from '../../models/accelerators.ts'

/** `-o json`: `[{name, total, used, free, largestFree, nodes, memoryBytes?, perHour?, declared}]`. */
export default class AcceleratorsAvailable extends BaseCommand {
  static override summary = 'devices that are free, most on one node first'
  static override description =
    'A pod gets its devices from one node: LARGEST FREE is the most that one pod can have now.'
  static override examples = [
    '<%= config.bin %> accelerators available',
    '<%= config.bin %> accelerators available --output wide',
  ]
  static override flags = {provider: flag.provider}

  async run(): Promise<View> {
    await this.parse(AcceleratorsAvailable)
    return availableView(await listAccelerators(await this.session(), {signal: this.signal}))
  }
}
