import {type InstanceInput, instanceSpec} from '@omni-cli/sdk'
import {describe, expect, it} from 'vitest'
import {configOf, userDataOf} from '../../src/provider/create-config.ts'
import {devicesOf} from '../../src/provider/devices.ts'
import {recordOf} from '../../src/provider/map-record.ts'
import {differenceOf, nextInstance} from '../../src/provider/update-next.ts'
import {wireInstance} from './wires.ts'

const inherited = {
  root: {type: 'disk', path: '/', pool: 'default'},
  eth0: {type: 'nic', name: 'eth0', network: 'br0'},
}
const settings = new Map([
  ['limits.cpu', {type: 'string', isLive: true}],
  ['limits.memory', {type: 'string', isLive: true}],
  ['security.privileged', {type: 'bool', isLive: false}],
  ['user.*', {type: 'string', isLive: true}],
])
const parse = (fields: Partial<InstanceInput>) => instanceSpec.parse({name: 'web', ...fields})

/** A machine as `create` makes it, with what Incus adds. */
async function made(fields: Partial<InstanceInput>, extra: Readonly<Record<string, string>> = {}) {
  const spec = parse(fields)
  const userData = await userDataOf(spec)
  const config = configOf(spec, {userData, record: recordOf(spec, {id: 'x', userData})})
  const devices = devicesOf({spec, inherited, pool: undefined})
  const all = {...config, 'volatile.eth0.hwaddr': '00:16:3e:00:00:01', 'image.os': 'ubuntu', ...extra}
  return wireInstance({config: all, devices, profiles: spec.profiles ?? ['default']})
}
const next = (wire: Awaited<ReturnType<typeof made>>, fields: Partial<InstanceInput>, rebuilt?: {userData?: string}) =>
  nextInstance(wire, {
    spec: parse(fields),
    inherited,
    isHostBridge: false,
    ...(rebuilt === undefined ? {} : {rebuilt: {userData: rebuilt.userData}}),
  })

const WHOLE: Partial<InstanceInput> = {
  cpus: 2,
  memory: '1GB',
  disk: '10GiB',
  metadata: {a: 'b'},
  network: {ipv4: '10.0.0.7'},
  ports: [{listen: 8080, target: 80}],
  mounts: [{source: '/srv', target: '/srv'}],
  cloud_init: '#cloud-config\n',
  profiles: ['default', 'web'],
  config: {'security.privileged': 'true'},
  devices: {gpu: {type: 'gpu'}},
  autostart: true,
  protect: true,
}

describe('how a machine is to be', () => {
  it('is as it is when the spec is the same', async () => {
    const wire = await made(WHOLE)
    expect(differenceOf(wire, next(wire, WHOLE), settings).isNone).toBe(true)
  })

  it('loses all that its spec does not say any more, but not what is for the first boot', async () => {
    const wire = await made(WHOLE, {'user.theirs': 'x', 'limits.cpu.priority': '3'})
    const {config, devices, profiles} = next(wire, {})
    expect(Object.keys(config).sort()).toEqual([
      'cloud-init.user-data',
      'image.os',
      'limits.cpu.priority',
      'user.omni.labels',
      'user.omni.spec',
      'user.theirs',
      'volatile.eth0.hwaddr',
    ])
    expect([devices, profiles]).toEqual([{}, ['default']])
  })

  it('keeps devices that somebody else has put there', async () => {
    const {devices: ours, ...wire} = await made(WHOLE)
    const theirs = {data: {type: 'disk', source: '/data', path: '/data'}}
    expect(next({...wire, devices: {...ours, ...theirs}}, {}).devices).toEqual(theirs)
  })

  it('has its image and user data changed by a rebuild alone', async () => {
    const wire = await made({image: 'debian:12', cloud_init: '#cloud-config\na: 1\n'})
    const wanted = {image: 'debian:13', cloud_init: '#cloud-config\na: 2\n'}
    expect(differenceOf(wire, next(wire, wanted), settings).config).not.toHaveProperty('cloud-init.user-data')
    expect(next(wire, wanted).config['user.omni.spec']).toContain('debian:12')
    const rebuilt = next(wire, wanted, {userData: wanted.cloud_init})
    expect(rebuilt.config['cloud-init.user-data']).toBe(wanted.cloud_init)
    expect(rebuilt.config['user.omni.spec']).toContain('debian:13')
    expect(rebuilt.config['volatile.eth0.hwaddr']).toBe('00:16:3e:00:00:01')
    expect(next(wire, {image: 'debian:13'}, {}).config).not.toHaveProperty('cloud-init.user-data')
  })

  it.each([
    [{cpus: 4}, false],
    [{metadata: {a: 'c'}}, false],
    [{ports: []}, false],
    [{mounts: []}, false],
    [{config: {}}, true],
    [{network: {ipv4: '10.0.0.8'}}, true],
    [{profiles: ['default']}, true],
  ] as const)('%j: restart %j', async (fields, needsRestart) => {
    const wire = await made(WHOLE)
    const wanted = {...WHOLE, ...fields} as Partial<InstanceInput>
    expect(differenceOf(wire, next(wire, wanted), settings)).toMatchObject({needsRestart, isNone: false})
  })
})
