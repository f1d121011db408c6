import {networkSpec} from '@omni-cli/sdk'
import {describe, expect, it} from 'vitest'
import {withoutAddresses} from '../../src/provider/copies-devices.ts'
import {ownerOf, withoutOwner} from '../../src/provider/copies-labels.ts'
import {eventOf} from '../../src/provider/events.ts'
import {labelConfig, labelsOf} from '../../src/provider/labels.ts'
import {addedSince} from '../../src/provider/logs-added.ts'
import {usageOf} from '../../src/provider/metrics.ts'
import {parseMetrics} from '../../src/provider/metrics-parse.ts'
import {networkConfig, networkOf} from '../../src/provider/networks-config.ts'
import {checkSubnet} from '../../src/provider/networks-subnet.ts'
import {usersIn} from '../../src/provider/profiles-users.ts'

const merged = (config: Record<string, string>, over: Record<string, string>) =>
  Object.fromEntries(Object.entries({...config, ...over}).filter(([, value]) => value !== ''))

describe('labels and addresses of copies', () => {
  const config = {...labelConfig({'omni.plan': 'p', 'omni.hash': 'h', role: 'web', empty: ''}), 'limits.cpu': '1'}

  it('the owner goes, all else stays', () => {
    const copy = merged(config, withoutOwner(config))

    expect(labelsOf(copy)).toEqual({role: 'web', empty: ''})
    expect(copy['limits.cpu']).toBe('1')
    expect(JSON.stringify(copy)).not.toContain('omni.plan')
  })

  it('the owner of now is given to what was restored', () => {
    const restored = {...labelConfig({'omni.plan': 'old', role: 'db'})}

    expect(labelsOf(merged(restored, ownerOf(restored, config)))).toEqual({
      'omni.plan': 'p',
      'omni.hash': 'h',
      role: 'db',
    })
    expect(labelsOf(merged(restored, ownerOf(restored, labelConfig({}))))).toEqual({role: 'db'})
  })

  it('addresses of network devices go, other devices are left alone', () => {
    const eth0 = {type: 'nic', network: 'n', hwaddr: '00:16:3e:00:00:01', 'ipv4.address': '10.0.0.5'}

    expect(withoutAddresses({eth0, root: {type: 'disk', path: '/'}})).toEqual({eth0: {type: 'nic', network: 'n'}})
    expect(withoutAddresses({root: {type: 'disk', path: '/'}})).toBeUndefined()
  })
})

describe('measures', () => {
  const text = [
    '# HELP incus_cpu_seconds_total The total number of CPU time used in seconds.',
    'incus_cpu_seconds_total{cpu="0",mode="user",name="web",project="team",type="container"} 1.5',
    'incus_cpu_seconds_total{cpu="1",mode="system",name="web",project="team",type="container"} 0.5',
    'incus_memory_MemTotal_bytes{name="web",project="team"} 2.4684084e+10',
    'incus_memory_MemAvailable_bytes{name="web",project="team"} 2.4e+10 1700000000',
    'incus_network_receive_bytes_total{device="lo",name="web",project="team"} 999',
    'incus_network_receive_bytes_total{device="eth0",name="web",project="team"} 10',
    'incus_procs_total{name="web",project="other"} 7',
    'odd{a="}",b="x\\"y\\\\z\\n", c="3",} NaN',
    'odd{a="}",b="x\\"y\\\\z\\n", c="3",} +Inf',
    'plain 4',
    'this is no line {',
    '# EOF',
  ].join('\n')

  it('are read with all that a label may hold', () => {
    const samples = parseMetrics(text)

    expect(samples).toHaveLength(9)
    expect(samples.at(-2)).toEqual({name: 'odd', labels: {a: '}', b: 'x"y\\z\n', c: '3'}, value: Infinity})
    expect(samples.at(-1)).toEqual({name: 'plain', labels: {}, value: 4})
  })

  it('are those of one project, without the loopback', () => {
    expect(usageOf(parseMetrics(text), 'team')).toEqual([
      {
        name: 'web',
        cpuSeconds: 2,
        memoryUsedBytes: 684_084_000,
        memoryTotalBytes: 24_684_084_000,
        receivedBytes: 10,
      },
    ])
  })
})

describe('networks', () => {
  const wire = (config: Record<string, string>) => ({
    name: 'n',
    description: '',
    type: 'bridge',
    managed: true,
    status: 'Created',
    config,
    used_by: [],
  })
  const spec = networkSpec.parse({name: 'n', metadata: {'omni.plan': 'p'}, config: {'dns.domain': 'team'}})
  const config = networkConfig(spec, {ipv4: '10.9.0.1/24', ipv6: 'none'})

  it('NAT is always said, and what was chosen reads back as auto', () => {
    expect(config).toMatchObject({'ipv4.address': '10.9.0.1/24', 'ipv4.nat': 'true', 'ipv6.address': 'none'})
    expect(networkOf(wire({...config, 'volatile.x': 'y', 'bridge.mtu': '1400'}), 'default')).toMatchObject({
      ipv4: 'auto',
      address: '10.9.0.1/24',
      config: {'dns.domain': 'team'},
      metadata: {'omni.plan': 'p'},
    })
  })

  it('what the last spec said goes, what somebody else set stays', () => {
    const fixed = networkSpec.parse({name: 'n', ipv4: '10.9.0.1/24', nat: false})
    const next = networkConfig(fixed, {ipv4: '10.9.0.1/24', ipv6: 'none'}, {...config, 'bridge.mtu': '1400'})

    expect(next).toMatchObject({'bridge.mtu': '1400', 'ipv4.nat': 'false'})
    expect(next).not.toHaveProperty('dns.domain')
    expect(networkOf(wire(next), 'default')).toMatchObject({ipv4: '10.9.0.1/24', nat: false, config: {}})
  })

  it.each([
    ['10.9.0.128/25', '10.9.0.1/24', true],
    ['10.0.0.1/8', '10.9.0.1/24', true],
    ['10.9.1.1/24', '10.9.0.1/24', false],
    ['10.9.0.1/24', '0.0.0.0/0', false],
  ])('%s beside %s overlaps: %s', (address, other, isTaken) => {
    const check = () => checkSubnet('n', address, [[other, 'network m']])

    if (isTaken) expect(check).toThrow(`network 'n': ${address} overlaps ${other} (network m)`)
    else expect(check).not.toThrow()
  })
})

describe('texts of Incus', () => {
  it('users are told by their names, with a project that is another one', () => {
    const paths = [
      '/1.0/instances/web',
      '/1.0/instances/db?project=team',
      '/1.0/profiles/small',
      '/1.0/networks/n/peers/x',
    ]

    expect(usersIn(paths, 'default')).toEqual(['web', 'db (project team)', 'profile small', 'networks/n/peers/x'])
  })

  it.each([
    ['nothing yet', '', 'a\n', false, 'a\n'],
    ['only what is new', 'a\n', 'a\n', false, 'a\n'],
    ['all of it', 'a\nb\n', 'x\na\nb\nc\n', true, 'c\n'],
    ['nothing new', 'a\n', 'a\n', true, ''],
    ['the last lines once more', 'a\nb\n', 'b\n', true, ''],
  ])('a console that gives %s', (_, seen, now, isWhole, added) => {
    expect(addedSince(seen, now, isWhole).added).toBe(added)
  })

  it('an event is about a thing of the project', () => {
    const event = (project: string) =>
      JSON.stringify({
        type: 'lifecycle',
        timestamp: '2026-01-02T03:04:05.123456789Z',
        project,
        metadata: {
          action: 'instance-snapshot-created',
          source: '/1.0/instances/web/snapshots/s1?project=team',
          requestor: {username: 'root', protocol: 'unix'},
          context: null,
        },
      })

    expect(eventOf(event('team'), 'team')).toEqual({
      time: '2026-01-02T03:04:05.123Z',
      ref: 'instance/web',
      type: 'instance.snapshot.created',
      message: 'web: instance snapshot created by root',
    })
    expect(eventOf(event('other'), 'team')).toBeUndefined()
    expect(eventOf('{"type":"operation"', 'team')).toBeUndefined()
  })
})
