import {instanceSpec} from '@omni-cli/sdk'
import {describe, expect, it} from 'vitest'
import {configOf, userDataOf} from '../../src/provider/create-config.ts'
import {instanceOf} from '../../src/provider/map.ts'
import {recordOf} from '../../src/provider/map-record.ts'
import {bytesOf, countOf, isIncusSize, sizeText} from '../../src/provider/map-sizes.ts'
import {wireInstance} from './wires.ts'

const address = (family: string, text: string, scope = 'global') => ({family, address: text, netmask: '24', scope})

describe('a machine as Incus describes it', () => {
  it.each([
    [103, 'running'],
    [102, 'stopped'],
    [100, 'stopped'],
    [106, 'starting'],
    [107, 'stopping'],
    [110, 'frozen'],
    [112, 'error'],
    [113, 'running'],
    [999, 'unknown'],
  ])('with status %d is %s', (status_code, status) => {
    expect(instanceOf(wireInstance({status_code})).status).toBe(status)
  })

  it('has the addresses that others reach it by, IPv4 first', () => {
    const network = {
      lo: {addresses: [address('inet', '127.0.0.1', 'local')]},
      eth0: {
        addresses: [address('inet6', 'fe80::1', 'link'), address('inet6', 'fd00::2'), address('inet', '10.1.0.2')],
      },
      eth1: {addresses: [address('inet', '10.2.0.2')]},
    }
    const state = {status: 'Running', status_code: 103, network}
    expect(instanceOf(wireInstance({state})).addresses).toEqual(['10.1.0.2', '10.2.0.2', 'fd00::2'])
  })

  it('has the limits of its profiles as well, but does not say that they are its own', () => {
    const expanded_config = {'limits.cpu': '2', 'limits.memory': '1GB'}
    const expanded_devices = {root: {type: 'disk', path: '/', size: '10GiB'}}
    const found = instanceOf(wireInstance({expanded_config, expanded_devices}))
    expect(found).toMatchObject({cpus: 2, memoryBytes: 1e9, diskBytes: 10 * 1024 ** 3})
    expect(JSON.parse(JSON.stringify(found.settings))).toEqual({})
  })

  it('has no number of processors when it is pinned to some', () => {
    const config = {'limits.cpu': '0-1', 'limits.memory': '50%'}
    const found = instanceOf(wireInstance({config, expanded_config: config}))
    expect(found).toMatchObject({cpus: undefined, memoryBytes: undefined, settings: {config}})
  })

  it('of a virtual machine the agent runs when it counts processes', () => {
    const state = (processes: number) => ({status: 'Running', status_code: 103, processes})
    const vm = (processes: number) => instanceOf(wireInstance({type: 'virtual-machine', state: state(processes)}))
    expect([vm(0).agent, vm(12).agent, vm(-1).agent]).toEqual([false, true, false])
    expect(vm(1).type).toBe('vm')
  })

  it('that has said that it is ready is', () => {
    expect(instanceOf(wireInstance({status_code: 113}))).toMatchObject({status: 'running', isReady: true})
  })

  it('never shows what Incus and others keep in its settings', () => {
    const config = {
      'volatile.uuid': 'x',
      'image.os': 'Ubuntu',
      'image.release': 'jammy',
      'user.user-data': '#cloud-config',
    }
    const {settings, labels, image} = instanceOf(wireInstance({config, location: 'node1'}))
    expect(JSON.parse(JSON.stringify(settings))).toEqual({})
    expect([labels, image]).toEqual([{}, 'ubuntu:22.04'])
  })
})

describe('what Incus has no key for', () => {
  const config = async (fields: Readonly<Record<string, unknown>>) => {
    const spec = instanceSpec.parse({name: 'web', ...fields})
    const userData = await userDataOf(spec)
    return configOf(spec, {userData, record: recordOf(spec, {id: 'x', userData})})
  }

  it('is the form of user data: a map comes back as a map, until the text is changed by hand', async () => {
    const cloud_init = {packages: ['nginx'], runcmd: [['sh', '-c', "echo 'a: b'"]]}
    const written = await config({cloud_init})
    expect(written['cloud-init.user-data']).toMatch(/^#cloud-config\n[a-z]/)
    expect(instanceOf(wireInstance({config: written})).settings?.cloud_init).toEqual(cloud_init)
    const changed = {...written, 'cloud-init.user-data': '#cloud-config\n{}\n'}
    expect(instanceOf(wireInstance({config: changed})).settings?.cloud_init).toBe('#cloud-config\n{}\n')
  })

  it('is how a default was written: it is told when it was, and only then', async () => {
    const written = await config({protect: false, profiles: ['default'], ports: [], config: {}})
    expect(instanceOf(wireInstance({config: written})).settings).toMatchObject({
      protect: false,
      profiles: ['default'],
      ports: [],
      config: {},
    })
  })

  it('is whether a key was written as such: "boot.autostart" below "config" stays there', async () => {
    const written = await config({config: {'boot.autostart': 'true', 'user.x': 'y'}})
    const {settings} = instanceOf(wireInstance({config: written}))
    expect(settings?.config).toEqual({'boot.autostart': 'true', 'user.x': 'y'})
    expect(settings?.autostart).toBeUndefined()
  })

  it('is not believed when it is not ours', () => {
    const found = instanceOf(wireInstance({config: {'user.omni.spec': '{"image": 7}', 'user.a': 'b'}}))
    expect(found).toMatchObject({image: undefined, labels: {a: 'b'}})
  })
})

describe('sizes', () => {
  it.each([
    [1024 ** 3, '1GiB'],
    [1e9, '1GB'],
    [10e9, '10GB'],
    [1536 * 1000, '1500KiB'],
    [1536 * 1024 ** 2, '1536MiB'],
    [1500, '1500B'],
    [0, '0B'],
  ])('%d bytes are %s for Incus, and come back', (bytes, text) => {
    expect(sizeText(bytes)).toBe(text)
    expect(isIncusSize(text)).toBe(true)
    expect(bytesOf(text)).toBe(bytes)
  })

  it('of Incus are no others', () => {
    expect(['1G', '512M', '1.5GiB', '', 'GB', '-1GB'].filter(isIncusSize)).toEqual([])
    expect([bytesOf('50%'), bytesOf(''), bytesOf(undefined), countOf('0-1'), countOf('2')]).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
      2,
    ])
  })
})
