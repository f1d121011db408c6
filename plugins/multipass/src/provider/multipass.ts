import type {DriverContext, InstanceProvider} from '@omni-cli/sdk'
import type {MultipassSettings} from '../config.ts'

/** Machines of Multipass. */
export function createMultipass(_context: DriverContext, _settings: MultipassSettings): InstanceProvider {
  throw new Error('the driver is not written yet')
}
