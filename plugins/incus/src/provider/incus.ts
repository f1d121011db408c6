import type {DriverContext, InstanceProvider} from '@omni-cli/sdk'
import type {IncusClient} from '../client/client.ts'
import type {IncusSettings} from '../config.ts'

/** What the parts of the driver share. */
export interface Surroundings {
  readonly context: DriverContext
  readonly settings: IncusSettings
}

/** Machines on Incus. */
export function createIncus(_client: IncusClient, _surroundings: Surroundings): InstanceProvider {
  throw new Error('the driver is not written yet')
}
