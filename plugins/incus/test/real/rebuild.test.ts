import {OmniError} from '@omni-cli/sdk'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import type {IncusClient} from '../../src/client/client.ts'
import {createIncus} from '../../src/provider/incus.ts'
import {createMachines, createTestNetwork, type Machines, socket, type TestNetwork} from './machines.ts'
import {testContext} from './test-project.ts'

let network: TestNetwork
let machines: Machines

beforeAll(async () => {
  if (socket === undefined) return
  network = await createTestNetwork()
  machines = await createMachines(network)
})
afterAll(async () => {
  await machines?.remove()
  await network?.remove()
})

describe.skipIf(socket === undefined)('a rebuild of a machine on Incus that is cut off', () => {
  it('before the disk is new is seen as not done, also by a later update', async () => {
    const {provider, client, spec, home} = machines
    const cut = new OmniError('ABORTED', 'killed')
    const dying: IncusClient = {
      ...client,
      async operate(request, options) {
        if (request.path.endsWith('/rebuild')) throw cut
        return client.operate(request, options)
      },
    }
    await provider.create(spec('half'))
    const wanted = spec('half', {image: 'omni-test/cloud', cloud_init: '#cloud-config\nruncmd: []\n'})
    const broken = createIncus(dying, {context: testContext({}, home), settings: {}})
    await expect(broken.rebuild?.('half', wanted)).rejects.toBe(cut)
    expect((await provider.get('half'))?.image).not.toBe(wanted.image)
    expect((await provider.update?.('half', wanted))?.image).not.toBe(wanted.image)
    const {image, cloud_init} = wanted
    expect(await provider.rebuild?.('half', wanted)).toMatchObject({image, status: 'running', settings: {cloud_init}})
  })
})

describe.skipIf(socket === undefined)('an ephemeral machine', () => {
  it('is neither rebuilt nor restarted, and runs on', async () => {
    const {provider, client, spec} = machines
    const source = {type: 'image', alias: 'omni-test/busybox'}
    const json = {name: 'fleeting', type: 'container', source, ephemeral: true, start: true}
    await client.operate({method: 'POST', path: '/instances', json})
    const before = await provider.get('fleeting')
    expect(before).toMatchObject({status: 'running', isEphemeral: true})
    const refused = {code: 'CONFLICT', message: expect.stringContaining('ephemeral')}
    const change = spec('fleeting', {config: {'security.privileged': 'true'}})
    await expect(provider.rebuild?.('fleeting', spec('fleeting'))).rejects.toMatchObject(refused)
    await expect(provider.update?.('fleeting', change)).rejects.toMatchObject(refused)
    await expect(provider.restart?.('fleeting')).rejects.toMatchObject(refused)
    expect((await provider.get('fleeting'))?.startedAt).toBe(before?.startedAt)
  })
})
