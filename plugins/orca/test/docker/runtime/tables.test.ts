import {type ServiceInput, serviceSpec} from '@omni-cli/sdk'
import {describe, expect, test} from 'vitest'
import {addressOf} from '../../../src/runtimes/docker/address.ts'
import {containerConfig} from '../../../src/runtimes/docker/container-config.ts'
import {exitInfo} from '../../../src/runtimes/docker/exit.ts'
import {containerLabels, specHash} from '../../../src/runtimes/docker/labels.ts'
import {parseMount} from '../../../src/runtimes/docker/mounts.ts'
import {finalName, networkOf, volumeNames} from '../../../src/runtimes/docker/names.ts'
import {parsePort} from '../../../src/runtimes/docker/ports.ts'
import {specProblems, specWarnings} from '../../../src/runtimes/docker/spec-check.ts'
import {freeSubnets, parseRoutes} from '../../../src/runtimes/docker/subnets.ts'
import type {InstanceRequest} from '../../../src/runtimes/runtime.ts'

const spec = (input: Partial<ServiceInput> = {}) => serviceSpec.parse({name: 'web', image: 'app:1', ...input})

const request = (input: Partial<ServiceInput> = {}, more: Partial<InstanceRequest> = {}): InstanceRequest => {
  const parsed = spec(input)
  const prepared = {location: 'sha256:1'}
  return {service: parsed.name, index: 0, release: 'r5', spec: parsed, env: parsed.env, prepared, ...more}
}

const config = (input: Partial<ServiceInput> = {}, isPublished = false, volume?: string) =>
  containerConfig(request(input), {owner: 'me', volume, isPublished})

describe('the container for a spec', () => {
  test.each<[string, Partial<ServiceInput>, object]>([
    ['PORT is what it listens on', {port: 80}, {Env: ['PORT=80'], ExposedPorts: {'80/tcp': {}}}],
    ['the environment knows better', {port: 80, env: {PORT: '81'}}, {Env: ['PORT=81']}],
    ['no port, no PORT', {}, {Env: [], ExposedPorts: {}}],
    [
      'a command is split and filled in',
      {port: 80, command: "run --at '$PORT' $PORT"},
      {Cmd: ['run', '--at', '$PORT', '80']},
    ],
    [
      'a shell fills in for itself',
      {port: 80, command: ['/bin/sh', '-c', 'run $PORT']},
      {Cmd: ['/bin/sh', '-c', 'run $PORT']},
    ],
    ['an entrypoint', {entrypoint: 'tini --'}, {Entrypoint: ['tini', '--']}],
    ['user and folder', {user: '1000:1000', working_dir: '/app'}, {User: '1000:1000', WorkingDir: '/app'}],
    ['a grace', {stop_grace_secs: 1.5}, {StopTimeout: 2}],
  ])('%s', (_, input, expected) => expect(config(input)).toMatchObject(expected))

  test.each<[string, Partial<ServiceInput>, object]>([
    ['limits', {resources: {memory: '64Mi', cpu: 0.5}}, {Memory: 67_108_864, MemorySwap: 67_108_864, NanoCpus: 5e8}],
    [
      'nvidia',
      {resources: {gpu: {count: 2}}},
      {DeviceRequests: [{Driver: 'nvidia', Count: 2, Capabilities: [['gpu']]}]},
    ],
    ['amd', {resources: {gpu: {count: 1, vendor: 'AMD'}}}, {GroupAdd: ['video', 'render']}],
    [
      'a folder',
      {mounts: ['/a:/b:ro']},
      {Mounts: [{Type: 'bind', Source: '/a', Target: '/b', ReadOnly: true}], Binds: []},
    ],
    ['a folder that is relabelled', {mounts: ['/a:/b:z']}, {Mounts: [], Binds: ['/a:/b:rw,z']}],
    [
      'ports stay on this machine',
      {extra_ports: ['2222:22']},
      {PortBindings: {'22/tcp': [{HostIp: '127.0.0.1', HostPort: '2222'}]}},
    ],
    [
      'unless an address is given',
      {extra_ports: ['0.0.0.0:53:53/udp']},
      {PortBindings: {'53/udp': [{HostIp: '0.0.0.0', HostPort: '53'}]}},
    ],
    ['logs', {}, {LogConfig: {Type: 'json-file', Config: {'max-size': '10m', 'max-file': '3'}}}],
  ])('%s', (_, input, expected) => expect(config(input).HostConfig).toMatchObject(expected))

  test('no limit, no key; no count, no device; no restarts by Docker', () => {
    const {HostConfig} = config({resources: {gpu: {count: 0}}})
    expect(Object.keys(HostConfig)).toEqual(['LogConfig', 'NetworkMode', 'PortBindings', 'Mounts', 'Binds'])
  })

  test('its port is opened on loopback when its own address cannot be reached', () => {
    expect(config({port: 80}, true).HostConfig.PortBindings).toEqual({'80/tcp': [{HostIp: '127.0.0.1', HostPort: ''}]})
  })

  test('its volume comes first, and its names on the network are those of Orca and its own', () => {
    const made = config({volume: {path: '/data'}, project: 'shop', aliases: ['db']}, false, 'orca-web-data')
    expect(made.HostConfig.Mounts).toEqual([
      {Type: 'volume', Source: 'orca-web-data', Target: '/data', ReadOnly: false},
    ])
    expect(made.NetworkingConfig?.EndpointsConfig).toEqual({'orca-shop': {Aliases: ['web', 'orca-web', 'db']}})
    expect(made.HostConfig.NetworkMode).toBe('orca-shop')
  })
})

describe('names and labels', () => {
  test.each<[Partial<ServiceInput>, string]>([
    [{}, 'orca-web'],
    [{name: 'shop-web'}, 'orca-shop'],
    [{name: 'shop-web', project: 'p'}, 'orca-p'],
    [{name: 'shop-web', project: 'p', network: 'n'}, 'orca-n'],
  ])('%j is on the network %s', (input, network) => expect(networkOf(spec(input))).toBe(network))

  test.each([
    [0, 1, 'orca-web'],
    [0, 3, 'orca-web-0'],
    [2, 3, 'orca-web-2'],
    [1, 1, 'orca-web-1'],
    [0, 'auto' as const, 'orca-web-0'],
  ])('replica %i of %s is %s', (index, replicas, name) => expect(finalName('web', index, replicas)).toBe(name))

  test('labels say which replica it is, and nothing of its environment', () => {
    const labels = containerLabels(request({port: 80, replicas: 2, env: {KEY: 'hidden'}}, {index: 1}), 'me')
    const expected = {
      'orca.managed': 'true',
      'orca.service': 'web-1',
      'omni.owner': 'me',
      'omni.release': 'r5',
      'omni.index': '1',
    }
    expect(labels).toMatchObject(expected)
    expect(JSON.stringify(labels)).not.toContain('hidden')
  })

  test('the hash of a spec does not depend on the order of its keys, and on every value', () => {
    const {name, ...rest} = spec({env: {A: '1', B: '2'}})
    expect(specHash({...rest, env: {B: '2', A: '1'}, name})).toBe(specHash(spec({env: {A: '1', B: '2'}})))
    expect(specHash(spec({env: {A: '1'}}))).not.toBe(specHash(spec({env: {A: '2'}})))
  })

  test('the first replica may use the volume that an Orca with several has made', () => {
    expect(volumeNames('web', 0, 'me')).toMatchObject({own: 'orca-web-data', older: 'orca-web-0-data'})
    expect(volumeNames('web', 1, 'me')).toMatchObject({own: 'orca-web-1-data', older: undefined})
  })
})

describe('what cannot be', () => {
  test.each<[Partial<ServiceInput>, RegExp]>([
    [{runtime: 'wasm', module: 'a.wasm'}, /wasm/],
    [{image: undefined, runtime: 'container', command: 'x'}, /no image/],
    [{working_dir: 'app'}, /must be absolute/],
    [{network: 'a b'}, /characters/],
    [{aliases: ['-x']}, /host name/],
    [{command: 'a && b'}, /shell/],
    [{entrypoint: "it's"}, /not closed/],
    [{mounts: ['./a:/b']}, /neither an absolute path/],
    [{mounts: ['/a:b']}, /absolute/],
    [{mounts: ['/a']}, /written/],
    [{mounts: ['/a:/b:exec']}, /no option/],
    [{mounts: ['/a:/b', '/c:/b']}, /two mounts/],
    [{mounts: ['/a:/b'], volume: {path: '/b'}}, /two mounts/],
    [{volume: {path: 'data'}}, /absolute/],
    [{extra_ports: ['70000:22']}, /extra port/],
    [{extra_ports: ['a:b:c']}, /extra port/],
    [{resources: {memory: '1Mi'}}, /too little/],
    [{resources: {gpu: {count: 1, vendor: 'intel'}}}, /neither nvidia nor amd/],
    [{env: {A: 'a\0'}}, /NUL/],
    [{env: {A: 'a'.repeat(131_072)}}, /too long/],
  ])('%j is a problem', (input, problem) => {
    expect(specProblems(spec(input))).toEqual([expect.stringMatching(problem)])
  })

  test('an ordinary service has none, and no warnings', () => {
    const input = spec({port: 80, mounts: ['data:/a', '/b:/c:ro'], extra_ports: ['22'], resources: {memory: '6Mi'}})
    expect([specProblems(input), specWarnings(input)]).toEqual([[], []])
  })

  test('what is not enforced is a warning', () => {
    const input = spec({volume: {path: '/d', size: '1Gi'}, resources: {gpu: {count: 1, vendor: 'amd', model: 'x'}}})
    expect(specWarnings(input)).toHaveLength(3)
  })
})

describe('parts', () => {
  test('mounts and ports', () => {
    expect(parseMount('data:/d')).toMatchObject({isVolume: true, isReadOnly: false})
    expect(parsePort('[::1]:80:81')).toEqual({hostIp: '::1', hostPort: '80', port: 81, protocol: 'tcp'})
    expect(parsePort('22')).toMatchObject({hostIp: '127.0.0.1', hostPort: '', port: 22})
  })

  const at = '2026-01-01T00:00:00.000Z'
  test.each([
    [{code: 0}, {code: 0, at}],
    [{code: 137}, {code: 137, at}],
    [
      {code: 137, signals: new Set([9])},
      {signal: 'SIGKILL', at},
    ],
    [
      {code: 143, signals: new Set([15, 9])},
      {signal: 'SIGTERM', at},
    ],
    [
      {code: 0, signals: new Set([15])},
      {code: 0, at},
    ],
    [
      {code: 137, oomKilled: true},
      {signal: 'SIGKILL', at, oomKilled: true},
    ],
    [
      {code: 1, oomKilled: true},
      {code: 1, at},
    ],
  ])('the end %o is %o', (ending, exit) => expect(exitInfo({at, ...ending})).toEqual(exit))

  const networks = {
    bridge: {IPAddress: '172.17.0.2'},
    'orca-web': {IPAddress: '172.18.0.2'},
    other: {IPAddress: '10.0.0.2'},
  }
  const published = [{IP: '127.0.0.1', PublicPort: 4000, PrivatePort: 80, Type: 'tcp'}]
  test.each([
    [{'omni.port': '80', 'omni.network': 'other'}, true, '10.0.0.2:80'],
    [{'omni.port': '80'}, true, '172.18.0.2:80'],
    [{}, true, '172.18.0.2:80'],
    [{'omni.port': '80'}, false, '127.0.0.1:4000'],
    [{'omni.port': '81'}, false, undefined],
  ])('with %j, reached directly: %s, it is at %s', (labels, isDirect, address) =>
    expect(addressOf({labels, isDirect, networks, published})).toBe(address),
  )

  test('routes of the kernel are read, and subnets on them are not offered', async () => {
    const table = `Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT
eth0\t00000000\t0101A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0
eth0\t0001A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0`
    const first = 0xc0a80100
    expect(parseRoutes(table)).toEqual([{first, last: first + 255}])
    const offered = await freeSubnets()
    expect(offered.length).toBeGreaterThan(2000)
    expect(offered.every((subnet) => /^10\.21\d\.\d{1,3}\.0\/24$/.test(subnet))).toBe(true)
  })
})
