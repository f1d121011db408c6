import {randomBytes} from 'node:crypto'
import {profileSpec} from '@omni-cli/sdk'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {profileWire} from '../../src/client/wire.ts'
import {createProfiles} from '../../src/provider/profiles.ts'
import {createNetworkedProject} from './networked-project.ts'
import {socket, type TestProject} from './test-project.ts'

let project: TestProject
let profiles: ReturnType<typeof createProfiles>
const machine = `profiles-${randomBytes(3).toString('hex')}`
const spec = (fields: object) => profileSpec.parse({name: 'small', ...fields})
const full = {
  description: 'for small things',
  config: {'limits.cpu': '1', 'user.note': 'x'},
  devices: {data: {type: 'disk', source: '/tmp', path: '/data'}},
  metadata: {'omni.plan': 'demo', empty: ''},
}

beforeAll(async () => {
  if (socket === undefined) return
  project = await createNetworkedProject()
  profiles = createProfiles(project.client)
}, 60_000)
afterAll(async () => {
  if (socket === undefined) return
  await project.client
    .operate({method: 'PUT', path: `/instances/${machine}/state`, json: {action: 'stop', force: true}})
    .catch(() => undefined)
  await project.client.operate({method: 'DELETE', path: `/instances/${machine}`}).catch(() => undefined)
  await profiles.remove('small')
  await project.remove()
}, 60_000)

describe.skipIf(socket === undefined)('profiles', () => {
  it('is read back as it was written, and found by its labels', async () => {
    const made = await profiles.create(spec(full))

    expect(made).toEqual({name: 'small', ...full, labels: full.metadata, usedBy: []})
    expect(await profiles.get('small')).toEqual(made)
    expect(await profiles.list({labels: {'omni.plan': 'demo'}})).toEqual([made])
    expect(await profiles.list({labels: {'omni.plan': 'other'}})).toEqual([])
    await expect(profiles.create(spec({}))).rejects.toMatchObject({code: 'CONFLICT'})
  })

  it('an update takes away what the last spec said, and keeps what was set by hand', async () => {
    const byHand = {config: {'limits.processes': '50'}}
    await project.client.send({method: 'PATCH', path: '/profiles/small', json: byHand})
    const updated = await profiles.update('small', spec({config: {'limits.cpu': '2'}, metadata: {'omni.plan': 'demo'}}))

    expect(updated).toEqual({
      name: 'small',
      config: {'limits.cpu': '2'},
      devices: {},
      metadata: {'omni.plan': 'demo'},
      labels: {'omni.plan': 'demo'},
      usedBy: [],
    })
    const {value} = await project.client.fetch(profileWire, {
      method: 'GET',
      path: '/profiles/small',
    })
    expect(value.config).toMatchObject({'limits.processes': '50', 'limits.cpu': '2'})
    expect(value.config).not.toHaveProperty('user.note')
  })

  it('the profile that is always there keeps its devices when a plan adds to it', async () => {
    const before = await profiles.get('default')
    const adopted = await profiles.update('default', profileSpec.parse({name: 'default', config: {'limits.cpu': '2'}}))
    const machineOf = await project.launch(machine)

    expect(Object.keys(before?.devices ?? {})).toEqual(['eth0', 'root'])
    expect(adopted).toMatchObject({config: {'limits.cpu': '2'}, devices: {}})
    expect(await profiles.get('default')).toMatchObject({usedBy: [machineOf]})
  }, 30_000)

  it('one that is in use is not removed, and the message says by whom', async () => {
    const json = {profiles: ['default', 'small']}
    await project.client.send({method: 'PATCH', path: `/instances/${machine}`, json})

    await expect(profiles.remove('small')).rejects.toMatchObject({
      code: 'CONFLICT',
      message: `profile 'small' is used by ${machine}`,
    })
    await project.client.send({method: 'PATCH', path: `/instances/${machine}`, json: {profiles: ['default']}})
    await profiles.remove('small')
    await profiles.remove('small')
    expect(await profiles.get('small')).toBeUndefined()
  }, 30_000)

  it('a setting that Incus does not know is told', async () => {
    const wrong = spec({config: {'limits.nonsense': '1'}})

    await expect(profiles.create(wrong)).rejects.toMatchObject({code: 'MANIFEST_INVALID'})
    await expect(profiles.update('none', wrong)).rejects.toMatchObject({code: 'NOT_FOUND'})
    expect(await profiles.get('small')).toBeUndefined()
  })
})
