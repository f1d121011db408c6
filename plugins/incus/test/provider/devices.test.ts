import {type InstanceInput, instanceSpec} from '@omni-cli/sdk'
import {describe, expect, it} from 'vitest'
import {devicesOf} from '../../src/provider/devices.ts'
import {mountDevices, mountsOf, portDevices, portsOf} from '../../src/provider/devices-own.ts'

const inherited = {
  root: {type: 'disk', path: '/', pool: 'fast', 'limits.read': '10MB'},
  eth0: {type: 'nic', name: 'eth0', network: 'br0', 'security.mac_filtering': 'true'},
}
const devices = (
  fields: Partial<InstanceInput>,
  rest: {readonly pool?: string; readonly isHostBridge?: boolean} = {},
) => devicesOf({spec: instanceSpec.parse({name: 'web', ...fields}), inherited, pool: undefined, ...rest})

describe('devices of a machine', () => {
  it('are none when the profiles have all that is wanted', () => {
    expect(devices({})).toEqual({})
    expect(devices({network: {}})).toEqual({})
    expect(devices({}, {pool: 'fast'})).toEqual({})
  })

  it.each([
    ['a disk repeats the keys of the profile', {disk: '10GB'}, {root: {...inherited.root, size: '10GB'}}],
    ['no network hides those of the profile', {network: {type: 'none'}}, {eth0: {type: 'none'}}],
    [
      'a fixed address',
      {network: {ipv4: '10.0.0.7', mac: '00:16:3E:00:00:07'}},
      {eth0: {...inherited.eth0, 'ipv4.address': '10.0.0.7', hwaddr: '00:16:3e:00:00:07'}},
    ],
    [
      'another network',
      {network: {name: 'br1'}},
      {eth0: {type: 'nic', name: 'eth0', network: 'br1', 'security.mac_filtering': 'true'}},
    ],
    [
      'an interface of the host',
      {network: {name: 'enp1s0', bridged: true}},
      {eth0: {type: 'nic', name: 'eth0', nictype: 'macvlan', parent: 'enp1s0'}},
    ],
    ['devices under their own names', {devices: {eth0: {type: 'none'}}}, {eth0: {type: 'none'}}],
  ] as const)('%s', (_, fields, expected) => {
    expect(devices(fields as Partial<InstanceInput>)).toEqual(expected)
  })

  it('a bridge of the host, and a pool of its own', () => {
    expect(devices({network: {name: 'br-lan', bridged: true}}, {isHostBridge: true}).eth0?.nictype).toBe('bridged')
    expect(devices({disk: '1GiB'}, {pool: 'slow'})).toEqual({root: {...inherited.root, pool: 'slow', size: '1GiB'}})
  })

  it('the network of the host itself is not possible', () => {
    expect(() => devices({network: {type: 'host'}})).toThrow(/network of the host/)
  })
})

describe('ports and mounts', () => {
  const ports = [
    {listen: 8080, target: 80, protocol: 'tcp', host_ip: '127.0.0.1'},
    {listen: 53, target: 5353, protocol: 'udp', host_ip: '::1'},
  ] as const
  const mounts = [
    {source: '/srv/a', target: '/a', readonly: true},
    {source: '/srv/b', target: '/b', readonly: false},
  ]

  it('come back from their devices, in their order', () => {
    expect(portsOf(portDevices(ports, 'container', undefined))).toEqual(ports)
    expect(portsOf(portDevices(ports, 'vm', '10.0.0.7'))).toEqual(ports)
    expect(mountsOf(mountDevices(mounts, 'container'))).toEqual(mounts)
    const many = Array.from({length: 12}, (_, index) => ({source: `/${index}`, target: `/${index}`, readonly: false}))
    expect(mountsOf(Object.fromEntries(Object.entries(mountDevices(many, 'vm')).reverse()))).toEqual(many)
  })

  it('lead into a container by a process, into a virtual machine by the firewall', () => {
    expect(portDevices(ports, 'container', undefined)['omni-port-2']).toEqual({
      type: 'proxy',
      listen: 'udp:[::1]:53',
      connect: 'udp:127.0.0.1:5353',
    })
    expect(portDevices(ports, 'vm', '10.0.0.7')['omni-port-1']).toMatchObject({nat: 'true', connect: 'tcp:10.0.0.7:80'})
  })
})
