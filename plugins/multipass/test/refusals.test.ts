import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {type OpenDriver, openDriver, vm} from './open-driver.ts'

let opened: OpenDriver
beforeAll(async () => {
  opened = await openDriver({}, {images: {'acme:base': 'https://example.org/base.img'}})
})
afterAll(() => opened[Symbol.asyncDispose]())

const refused = async (more: Readonly<Record<string, unknown>>, name = 'web') =>
  await opened.provider.refusals({instances: [vm(name, more)], profiles: [], networks: []})

describe('what Multipass cannot honour is refused with its key', () => {
  it.each<[string, Readonly<Record<string, unknown>>, string]>([
    ['a container', {type: 'container'}, 'virtual machines only'],
    ['memory', {memory: '64MiB'}, 'at least 128Mi'],
    ['disk', {disk: '100MiB'}, 'at least 512Mi'],
    ['image', {image: 'alpine:3.20'}, "no image 'alpine:3.20'"],
    ['image', {image: 'jamy'}, "did you mean 'jammy'?"],
    ['image', {image: '31.04'}, "no image '31.04'"],
    ['network.type', {network: {type: 'none'}}, "type 'none'"],
    ['network.ipv4', {network: {ipv4: '10.0.0.5'}}, 'no fixed addresses'],
    ['network.mac', {network: {mac: '00:16:3e:12:34:56'}}, 'further network'],
    ['network.name', {network: {name: 'nope'}}, "no network 'nope'"],
    ['network.bridged', {network: {bridged: true}}, 'no network of this host is chosen'],
    ['cloud_init', {cloud_init: '#!/bin/sh\necho hi'}, 'cloud-config only'],
    ['mounts.0.readonly', {mounts: [{source: '/tmp', target: '/mnt', readonly: true}]}, 'nothing read-only'],
    ['mounts.0.source', {mounts: [{source: '/no/such', target: '/mnt'}]}, 'no folder of this host'],
    ['ports', {ports: [{listen: 8080, target: 80}]}, 'forwards no ports'],
    ['profiles', {profiles: ['default']}, 'no profiles'],
    ['config', {config: {'limits.processes': '5'}}, 'no further settings'],
    ['devices', {devices: {gpu: {type: 'gpu'}}}, 'no devices'],
    ['location', {location: '@group'}, 'this host only'],
    ['autostart', {autostart: true}, 'starts again'],
    ['wait.ready', {wait: {ready: true}}, 'cannot say'],
  ])('%s', async (key, more, message) => {
    const found = await refused(more)

    expect(found).toHaveLength(1)
    expect(found[0]?.path.join('.')).toBe(key === 'a container' ? 'type' : key)
    expect(found[0]?.message).toContain(message)
    await expect(opened.provider.create(vm('web', more))).rejects.toMatchObject({code: 'UNSUPPORTED'})
  })

  it('all of it at once, and of every machine', async () => {
    const instances = [vm('a', {type: 'container', profiles: ['x']}), vm('b'), vm('primary', {location: 'x'})]
    const found = await opened.provider.refusals({instances, profiles: ['x'], networks: []})

    expect(found.map(({instance, path}) => `${instance}.${path.join('.')}`)).toEqual([
      'a.type',
      'a.profiles',
      'primary.name',
      'primary.location',
    ])
  })
})

describe('what Multipass can honour', () => {
  it.each<[string, Readonly<Record<string, unknown>>]>([
    ['the network of a YAZ plan', {network: {type: 'bridge', ipv4: 'auto'}}],
    ['a network of the host', {network: {name: 'br0', mac: '00:16:3e:12:34:56'}}],
    ['a cloud-config', {cloud_init: '#cloud-config\npackages: [nginx]\n'}],
    ['user data as a map', {cloud_init: {packages: ['nginx']}}],
    ['a size that is no power of two', {memory: '1GB', disk: '10GB'}],
    ['an image by its code name', {image: 'noble'}],
    ['an image that the context maps', {image: 'acme:base'}],
    ['empty lists', {profiles: [], ports: [], devices: {}}],
    ['what the core itself does', {depends_on: ['db'], failover: 'never', wait: {tcp: 80}, tags: ['x']}],
  ])('%s is honoured', async (_, more) => {
    expect(await refused(more)).toEqual([])
  })

  it('is asked for: the images once, and for networks only when a machine names one', async () => {
    await using fresh = await openDriver()
    const ask = (more: Readonly<Record<string, unknown>>) =>
      fresh.provider.refusals({instances: [vm('web', more)], profiles: [], networks: []})
    await ask({})
    await ask({network: {name: 'br0'}})

    expect(fresh.calls.map(([command]) => command)).toEqual(['version', 'find', 'networks'])
  })

  it('is less memory and disk before 1.17, and more images since then', async () => {
    await using newer = await openDriver({version: '1.17.0'})
    const ask = (more: Readonly<Record<string, unknown>>) =>
      newer.provider.refusals({instances: [vm('web', more)], profiles: [], networks: []})

    expect((await ask({memory: '256MiB'}))[0]?.message).toContain('at least 512Mi')
    expect(await ask({image: 'debian:13'})).toEqual([])
    expect(await ask({image: 'debian:12'})).toHaveLength(1)
  })

  it('is an image that has left Multipass, for a machine that has it', async () => {
    await using later = await openDriver({version: '1.17.0'})
    await later.provider.create(vm('web', {image: 'debian:13'}))
    await later.program.behave({version: '1.16.3'})
    const {provider} = later
    const older = await later.again()
    const ask = (name: string) =>
      older.refusals({instances: [vm(name, {image: 'debian:13'})], profiles: [], networks: []})

    expect([(await ask('web')).length, (await ask('other')).length]).toEqual([0, 1])
    expect((await provider.update?.('web', vm('web', {image: 'debian:13', cpus: 2})))?.cpus).toBe(2)
  })

  it('is no disk that shrinks', async () => {
    await opened.provider.create(vm('big', {disk: '20GiB'}))

    expect((await refused({disk: '10GiB'}, 'big')).map(({path}) => path)).toEqual([['disk']])
    await expect(opened.provider.update?.('big', vm('big', {disk: '10GiB'}))).rejects.toMatchObject({
      code: 'UNSUPPORTED',
    })
    expect((await opened.provider.get('big'))?.status).toBe('running')
  })
})
