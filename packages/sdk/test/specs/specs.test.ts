import {instanceSpec, profileSpec, serviceProblems, serviceSpec} from '@omni-cli/sdk'
import {fieldSchema} from '@omni-cli/sdk/engine'
import {describe, expect, test} from 'vitest'

const problemsOf = (fields: object) =>
  serviceProblems(serviceSpec.parse({name: 'web', image: 'x', ...fields})).map(
    ({path, message}) => `${path.join('.')}: ${message}`,
  )

describe('a service', () => {
  test('parsing what was parsed changes nothing', () => {
    const spec = serviceSpec.parse({
      name: 'web',
      command: 'node app',
      resources: {memory: '1.5GiB'},
      volume: {path: '/data', size: '10Gi'},
      labels: {n: 1, b: true},
      readiness: {tcp: true},
    })
    expect(spec).toMatchObject({resources: {memory: 1.5 * 2 ** 30}, labels: {n: '1', b: 'true'}})
    expect(serviceSpec.parse(JSON.parse(JSON.stringify(spec)))).toEqual(spec)
  })

  test.each([
    [{}, []],
    [
      {image: undefined},
      [": service 'web' has nothing to run: it needs a command, an image, a module, a build or a source"],
    ],
    [{runtime: 'process'}, ["runtime: the runtime 'process' needs a command"]],
    [{runtime: 'wasm'}, ["runtime: the runtime 'wasm' needs a module"]],
    [{port: 1, domain: 'a', domains: ['b']}, ["domains: give either 'domain' or 'domains'"]],
    [{depends_on: ['db', 'web']}, ["depends_on.1: service 'web' depends on itself"]],
    [{health: '/'}, ["health: 'health' needs a 'port'"]],
    [{module: 'a.wasm', domain: 'a'}, []],
    [{readiness: {}}, ["readiness: a probe has exactly one of 'path', 'tcp: true' and 'exec'"]],
    [{liveness: {path: '/'}}, ["liveness: the probe needs a 'port': its own, or that of the service"]],
    [{startup: {exec: ['true']}}, []],
    [
      {restart_policy: 'sometimes'},
      ["restart_policy: 'sometimes' is no restart policy; write no, always, unless-stopped or on-failure[:N]"],
    ],
    [{restart_policy: 'on-failure:3'}, []],
  ])('%j', (fields, expected) => {
    expect(problemsOf(fields)).toEqual(expected)
  })

  test.each([
    ['../x'],
    [''],
    ['a'.repeat(300)],
    ['-rf'],
    ['__proto__'],
    ['a\nb'],
    ['😀'],
    ['\u202eabc'],
    ['Web'],
    ['1web'],
    ['web-'],
  ])('the name %j is refused', (name) => {
    expect(serviceSpec.safeParse({name, image: 'x'}).success).toBe(false)
    expect(instanceSpec.safeParse({name}).success).toBe(false)
  })
})

test.each([
  ['shop.example', true],
  ['Shop.EXAMPLE', true],
  ['localhost', true],
  ['_acme.a-b.example', true],
  ['', false],
  ['*.shop.example', false],
  ['shop.example:8080', false],
  ['https://shop.example', false],
  ['shop.example/path', false],
  ['a..b', false],
  ['-a.example', false],
  ['a b', false],
  ['a\n.b', false],
  [`${'a.'.repeat(127)}`, false],
  [`${'a.'.repeat(127)}aa`, false],
])('the host name %j: %s', (host, isRight) => {
  const base = {name: 'web', image: 'x', port: 80}
  expect(serviceSpec.safeParse({...base, domain: host}).success).toBe(isRight)
  expect(serviceSpec.safeParse({...base, domains: ['a.example', host]}).success).toBe(isRight)
})

test('a machine has the defaults of a YAZ plan', () => {
  expect(instanceSpec.parse({name: 'a', network: {}})).toEqual({
    name: 'a',
    image: 'ubuntu:22.04',
    type: 'container',
    network: {type: 'bridge', ipv4: 'auto'},
  })
})

test('a hardware address is in lower case, as providers tell it', () => {
  const {network} = instanceSpec.parse({name: 'a', network: {mac: '00:16:3E:AA:BB:CC'}})
  expect(network?.mac).toBe('00:16:3e:aa:bb:cc')
})

test('settings of a profile become texts', () => {
  expect(profileSpec.parse({name: 'a', config: {'limits.cpu': 2, 'boot.autostart': true}}).config).toEqual({
    'limits.cpu': '2',
    'boot.autostart': 'true',
  })
})

test.each(['service', 'instance', 'profile'] as const)('every field of a %s is described', (kind) => {
  const silent = Object.entries(fieldSchema(kind).properties ?? {}).filter(([, field]) => !field.description)
  expect(silent.map(([name]) => name)).toEqual([])
})
