import {BaseCommand, flag, type View} from '@omni-cli/sdk/cli'
import {listAccelerators, usageView} from '../../models/accelerators.ts'

/** `-o json`: `[{name, total, used, free, largestFree, nodes, memoryBytes?, perHour?, declared}]`. */
export default class AcceleratorsUsage extends BaseCommand {
  static override summary = 'how much of the devices is asked for'
  static override description =
    'By what pods ask for, not by how busy the devices are. Prices are those of the AcceleratorClass, or of the configuration (gpu-price).'
  static override examples = [
    '<%= config.bin %> accelerators usage',
    '<%= config.bin %> accelerators usage --output wide',
  ]
  static override flags = {provider: flag.provider}

  async run(): Promise<View> {
    await this.parse(AcceleratorsUsage)
    return usageView(await listAccelerators(await this.session(), {signal: this.signal}))
  }
}
