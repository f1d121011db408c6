import {instanceSpec} from '@omni-cli/sdk'
import {describeInstanceProvider} from '@omni-cli/testkit'
import {afterAll, beforeAll, describe} from 'vitest'
import {createMachines, createTestNetwork, socket, type TestNetwork} from './machines.ts'

let network: TestNetwork

beforeAll(async () => {
  if (socket !== undefined) network = await createTestNetwork()
})
afterAll(() => network?.remove())

const create = async () => {
  const machines = await createMachines(network)
  return {driver: machines.provider, close: () => machines.remove()}
}

describe.skipIf(socket === undefined)('Incus', () => {
  describeInstanceProvider({
    name: 'incus',
    create,
    spec: (name) => instanceSpec.parse({name, image: 'omni-test/busybox'}),
    missingImage: 'local:no-such-image',
    timeoutMs: 90_000,
  })
})
