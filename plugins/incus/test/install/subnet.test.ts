import {expect, test} from 'vitest'
import {freeSubnet, routesIn} from '../../src/install/subnet.ts'

test.each([
  ['nothing in use', [], '10.151.0.1/24'],
  ['a way out for everything', ['0.0.0.0/0'], '10.151.0.1/24'],
  ['a VPN that takes over the way out', ['0.0.0.0/1', '128.0.0.0/1'], '10.151.0.1/24'],
  ['the same network', ['10.151.0.0/24'], '10.152.0.1/24'],
  ['a part of it', ['10.151.0.128/25'], '10.152.0.1/24'],
  ['one address in it', ['10.151.0.9'], '10.152.0.1/24'],
  ['a company on all of 10', ['10.0.0.0/8'], '172.31.0.1/24'],
  ['10 and the addresses of Docker', ['10.0.0.0/8', '172.16.0.0/12'], '192.168.255.1/24'],
  ['all of them', ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'], undefined],
  ['IPv6, which is no hindrance', ['fd00::/8'], '10.151.0.1/24'],
])('with %s the bridge gets a network of its own', (_, used, subnet) => {
  expect(freeSubnet(used)).toBe(subnet)
})

test('routes are read from the kernel', () => {
  const text = [
    'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT',
    'eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0',
    'omnibr0\t0000750A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0',
    'docker0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0',
    '',
  ].join('\n')
  expect(routesIn(text)).toEqual(['0.0.0.0/0', '10.117.0.0/24', '172.17.0.0/16'])
})
