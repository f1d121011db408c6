import {describe, expect, it} from 'vitest'
import {refusals, refuse} from '../../src/provider/apps/refusals.ts'
import {facts, specOf} from './spec.ts'

const found = (fields: Parameters<typeof specOf>[0], more: Parameters<typeof facts>[0] = {}) =>
  refusals(specOf(fields), facts(more))

describe('what a cluster cannot honour is refused by its field', () => {
  it.each([
    ['source', {image: undefined, source: '.'}],
    ['build', {image: undefined, build: {dockerfile: 'Dockerfile'}}],
    ['image', {image: undefined, command: 'node .'}],
    ['module', {module: 'a.wasm'}],
    ['runtime', {runtime: 'process', command: 'node .'}],
    ['assets', {assets: 'public'}],
    ['command', {command: 'a && b'}],
    ['command', {command: 'say "hi'}],
    ['working_dir', {working_dir: 'src'}],
    ['user', {user: 'www-data'}],
    ['restart_policy', {restart_policy: 'no'}],
    ['triggers', {triggers: ['cron: 30 0 2 * * *']}],
    ['triggers', {triggers: ['http: /hook']}],
    ['deploy.strategy', {deploy: {strategy: 'canary'}}],
    ['deploy.strategy', {deploy: {strategy: 'blue-green'}}],
    ['replicas', {replicas: 2, volume: {path: '/data'}}],
    ['host_port', {port: 80, host_port: 8080}],
    ['host_ip', {port: 80, host_port: 30_080, host_ip: '127.0.0.1'}],
    ['extra_ports', {extra_ports: ['2222:22']}],
    ['aliases', {port: 80, aliases: ['Not_A_Name']}],
    ['domain', {port: 80, protocol: 'tcp', domain: 'a.example'}],
    ['routes', {port: 80, domain: 'a.example', routes: ['/api*']}],
    ['strip_prefix', {port: 80, domain: 'a.example', strip_prefix: '/api'}],
    ['tls_cert', {port: 80, tls_cert: '/a.pem'}],
    ['placement.labels', {placement: {labels: {disk: 'very fast'}}}],
    ['resources.gpu.vendor', {resources: {gpu: {count: 1, vendor: 'acme'}}}],
    ['resources.gpu', {resources: {gpu: {count: 1, vendor: 'amd', model: 'x'}}}],
    ['volume.path', {volume: {path: 'data'}}],
    ['mounts', {mounts: ['data:/data']}],
    ['env', {env: {A: `\${secrets.KEY}`}}],
  ] as const)('%s: %j', (field, fields) => {
    expect(found(fields as Parameters<typeof specOf>[0])).toContainEqual(
      expect.stringMatching(new RegExp(`^${field}: `)),
    )
  })

  it.each([
    ['replicas', {replicas: 'auto'}, {hasMetrics: false}],
    ['placement.node', {placement: {node: 'n9'}}, {node: null}],
    ['domain', {port: 80, domain: 'a.example'}, {entrance: {via: 'unclear', candidates: ['class a', 'class b']}}],
    ['triggers', {triggers: ['cron: 0 2 * * *']}, {cronApi: undefined}],
    ['env', {env: {A: `\${secrets.KEY}`}}, {secretKeys: ['OTHER']}],
  ] as const)('%s, as this cluster is: %j', (field, fields, more) => {
    const problems = found(fields as Parameters<typeof specOf>[0], more as Parameters<typeof facts>[0])
    expect(problems).toEqual([expect.stringMatching(new RegExp(`^${field}: `))])
  })

  it.each([
    {port: 80, host_port: 30_080, extra_ports: ['30022:22']},
    {restart_policy: 'unless-stopped', keep_network: true, internal: true, network: 'shop'},
    {triggers: ['cron: 0 0 2 * * *'], restart_policy: 'no'},
    {volume: {path: '/data'}, mounts: ['/srv:/srv:ro']},
    {env: {A: `\${secrets.KEY}`}},
  ])('but not %j', (fields) => {
    expect(found(fields, {secretKeys: ['KEY']})).toEqual([])
  })

  it('all at once, with the command that helps', () => {
    const spec = specOf({image: undefined, source: '.', user: 'root', port: 80, host_port: 80})
    expect(() => refuse(spec, facts())).toThrow(
      expect.objectContaining({
        code: 'UNSUPPORTED',
        message: expect.stringMatching(/source: .*image: .*user: .*host_port: /s),
        hint: expect.stringContaining('omni build'),
      }),
    )
  })
})
