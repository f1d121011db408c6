import {type InstanceInput, instanceSpec} from '@omni-cli/sdk'
import {describe, expect, it} from 'vitest'
import {imageWire, networkWire, profileWire, serverWire} from '../../src/client/wire.ts'
import {refusalsIn} from '../../src/provider/refusals.ts'
import type {Facts} from '../../src/provider/refusals-facts.ts'
import {wireInstance} from './wires.ts'

const image = (name: string, fields: object = {}) =>
  imageWire.parse({fingerprint: name.padEnd(64, '0'), type: 'container', aliases: [{name}], ...fields})

const FACTS: Omit<Facts, 'wanted'> = {
  server: serverWire.parse({
    auth: 'trusted',
    environment: {driver: 'lxc | qemu', server_clustered: true, project: 'default'},
  }),
  isLocal: false,
  hasOci: false,
  settings: new Map([
    ['limits.cpu', {type: 'string', isLive: true}],
    ['limits.memory', {type: 'string', isLive: true}],
    ['limits.processes', {type: 'integer', isLive: true, only: 'container'}],
    ['security.secureboot', {type: 'bool', isLive: false, only: 'vm'}],
    ['security.protection.delete', {type: 'bool', isLive: true}],
    ['user.*', {type: 'string', isLive: true}],
  ]),
  profiles: [
    profileWire.parse({
      name: 'default',
      devices: {root: {type: 'disk', path: '/', pool: 'fast'}, eth0: {type: 'nic', network: 'br0', name: 'eth0'}},
    }),
    profileWire.parse({name: 'bare'}),
  ],
  images: [
    image('plain'),
    image('cloudy', {properties: {variant: 'cloud'}}),
    image('old-ubuntu', {properties: {os: 'ubuntu', label: 'release'}}),
    image('machine', {type: 'virtual-machine', properties: {variant: 'cloud'}}),
  ],
  networks: [
    networkWire.parse({name: 'br0', type: 'bridge', managed: true, config: {'ipv4.address': '10.1.0.1/24'}}),
    networkWire.parse({name: 'six', type: 'bridge', managed: true, config: {'ipv4.address': 'none'}}),
    networkWire.parse({name: 'enp1s0', type: 'physical', managed: false}),
  ],
  pools: [
    {name: 'fast', driver: 'zfs', config: {}},
    {name: 'folder', driver: 'dir', config: {source: '/srv'}},
  ],
  instances: [
    wireInstance({name: 'grown', expanded_devices: {root: {type: 'disk', path: '/', pool: 'fast', size: '20GiB'}}}),
  ],
  members: ['node1', 'node2'],
  warnings: [],
  remotes: new Map([
    ['images', {server: 'https://images.example', protocol: 'simplestreams', isPublic: true}],
    ['docker', {server: 'https://docker.example', protocol: 'oci', isPublic: true}],
    ['corp', {server: 'https://corp.example', protocol: 'incus', isPublic: false}],
  ]),
  imageNames: {base: 'local:cloudy'},
  pool: undefined,
}

const refused = (fields: Partial<InstanceInput>, facts: Partial<Facts> = {}) => {
  const instances = [instanceSpec.parse({name: 'web', image: 'plain', ...fields})]
  const wanted = {instances, profiles: ['planned'], networks: ['planned']}
  return refusalsIn({...FACTS, wanted, ...facts}).map(({path, message}) => `${path.join('.')}: ${message}`)
}

describe('what is refused of a machine', () => {
  it.each<Partial<InstanceInput>>([
    {},
    {image: 'ubuntu:22.04', cloud_init: '#cloud-config\n'},
    {image: 'base', cloud_init: '#!/bin/sh\n'},
    {image: 'old-ubuntu', cloud_init: {runcmd: []}},
    {
      image: 'machine',
      type: 'vm',
      network: {ipv4: '10.1.0.9'},
      ports: [{listen: 80, target: 80, host_ip: '192.0.2.7'}],
    },
    {location: 'node2'},
    {location: '@gpu'},
    {profiles: ['planned']},
    {network: {name: 'planned', ipv4: '10.99.0.5'}},
    {network: {name: 'enp1s0', bridged: true}},
    {disk: '10GB'},
    {name: 'grown', disk: '20GiB'},
    {devices: {root: {type: 'disk', path: '/', pool: 'fast', size: '9GiB'}}},
    {config: {'limits.cpu': '0,2-3', 'limits.memory': '75%', 'user.x': '', 'limits.processes': ''}},
  ])('nothing of %j', (fields) => {
    expect(refused(fields)).toEqual([])
  })
})

describe('what is refused of a machine, by its field', () => {
  it.each<[Partial<InstanceInput>, string]>([
    [{image: 'plian'}, "image: there is no image 'plian'"],
    [{image: 'local:nope'}, "image: there is no image 'local:nope'"],
    [{image: 'machine'}, "image: the image 'machine' is for a vm, not for a container"],
    [{image: 'nowhere:x'}, "image: no image server is called 'nowhere'"],
    [{image: 'corp:x'}, "image: the server 'corp' gives its images to its own clients alone"],
    [{image: 'docker:nginx'}, 'image: this server runs no images of applications'],
    [{cloud_init: '#cloud-config\n'}, "cloud_init: the image 'plain' has no cloud-init, which would pass over it"],
    [
      {image: 'images:alpine/3.20', cloud_init: '#cloud-config\n'},
      "cloud_init: the image 'images:alpine/3.20' has no cloud-init, which would pass over it",
    ],
    [{image: 'cloudy', cloud_init: 'packages: [x]\n'}, 'cloud_init: the user data has no header'],
    [{profiles: ['default', 'plan']}, "profiles.1: there is no profile 'plan'"],
    [{profiles: ['bare']}, 'profiles: none of its profiles has a root disk'],
    [{memory: '1MB'}, 'memory: 977Ki is too little for a container; at least 8Mi'],
    [{name: 'grown', disk: '10GiB'}, 'disk: a disk does not become smaller: it has 20Gi, 10Gi are wanted'],
    [{location: 'node3'}, "location: the cluster has no member 'node3'"],
    [{network: {type: 'host'}}, 'network.type: a machine of its own does not share the network of the host'],
    [{network: {bridged: true}}, 'network.bridged: it is not said which network of the host is meant'],
    [{network: {name: 'br9'}}, "network.name: there is no network 'br9'"],
    [{network: {ipv4: '10.1.0.1'}}, "network.ipv4: 10.1.0.1 is the address of the host in 'br0'"],
    [{network: {name: 'six', ipv4: '10.1.0.9'}}, "network.ipv4: the network 'six' has no IPv4"],
    [{network: {type: 'none', ipv4: '10.1.0.9'}}, 'network.ipv4: a machine without a network has no address'],
    [{mounts: [{source: 'here', target: '/x'}]}, "mounts.0.source: 'here' is no absolute folder of the host"],
    [
      {image: 'machine', type: 'vm', ports: [{listen: 80, target: 80, host_ip: '192.0.2.7'}]},
      'ports.0: ports of a virtual machine need its fixed address',
    ],
    [
      {
        ports: [
          {listen: 80, target: 80},
          {listen: 80, target: 81, host_ip: '0.0.0.0'},
        ],
      },
      "ports.1.listen: port 80 of the host leads to 'web' already",
    ],
    [
      {network: {ipv4: '10.1.0.9'}, devices: {eth0: {type: 'none'}}},
      'devices.eth0: \'eth0\' is made of "disk", "network", "ports" or "mounts" of this machine as well',
    ],
    [{config: {'limits.cpu': '0'}}, "config.limits.cpu: '0' is no number of processors"],
    [{config: {'limits.memory': '1.5GiB'}}, "config.limits.memory: '1.5GiB' is no size for Incus"],
    [{config: {'limits.procesess': '1'}}, "config.limits.procesess: this server knows no setting 'limits.procesess'"],
    [
      {config: {'security.secureboot': 'false'}},
      "config.security.secureboot: 'security.secureboot' is for a vm, not for a container",
    ],
    [{cpus: 2, config: {'limits.cpu': '2'}}, 'config.limits.cpu: it is said by "cpus" already'],
    [
      {config: {'security.protection.delete': 'maybe'}},
      "config.security.protection.delete: 'maybe' is neither true nor false",
    ],
    [{config: {'user.omni.plan': 'x'}}, "config.user.omni.plan: 'user.omni.plan' is kept by omni itself"],
  ])('%j', (fields, message) => {
    expect(refused(fields)).toEqual([message])
  })
})

describe('what a server does not have', () => {
  it('a cluster that is none, machines that it has not, and a folder without quotas', () => {
    const server = serverWire.parse({auth: 'trusted', environment: {driver: 'lxc'}})
    const warnings = [{type: 'Instance type not operational', last_message: 'KVM support is missing'}]
    expect(refused({location: 'node1'}, {server})).toEqual(['location: this server is no member of a cluster'])
    expect(refused({type: 'vm', image: 'machine'}, {server, warnings})).toEqual([
      'type: this server has no virtual machines: KVM support is missing',
    ])
    expect(refused({disk: '10GB'}, {pool: 'folder'})).toEqual([
      "disk: the storage pool 'folder' is a folder without quotas: it cannot hold a disk to a size",
    ])
  })
})
