import {type ServiceInput, serviceSpec} from '@omni-cli/sdk'
import {describe, expect, it} from 'vitest'
import {render} from '../../../src/provider/apps/deploy.ts'
import {gatherFacts} from '../../../src/provider/apps/gather-facts.ts'
import {checkObjects} from '../../../src/provider/apps/objects.ts'
import {kubeconfig, openLab} from './lab.ts'

// What a spec becomes is tried on a real API server, with all that its kinds check.
const SPECS: readonly Omit<ServiceInput, 'name' | 'image'>[] = [
  {
    ...{port: 80, domains: ['a.example', 'b.example'], routes: ['/api/*', '/exact'], aliases: ['front']},
    ...{health: '/healthz', readiness: {exec: ['true'], interval_secs: 0.5}, stop_grace_secs: 0},
    ...{resources: {cpu: 0.1, memory: '64Mi', gpu: {count: 1, model: 'A100', vram_min: 40_000}}},
    ...{placement: {labels: {disk: 'ssd'}, node: 'node1', requires_gpu: true}, user: '1000:1000'},
    ...{env: {API_TOKEN: 'x', TEXT: 'a$(b)'}, command: 'run --port $PORT', entrypoint: '/bin/app', working_dir: '/srv'},
    ...{deploy: {max_unavailable: 1, drain_secs: 1.5}, labels: {note: 'no label of Kubernetes!', tier: 'x'}},
  },
  {volume: {path: '/data', size: '1Gi'}, mounts: ['/etc:/host/etc:ro'], pull_policy: 'never'},
  {triggers: ['cron: 0 0 2 * * *', 'cron: */5 * * * 1-5'], restart_policy: 'on-failure:3'},
]

describe.skipIf(kubeconfig === undefined)('a real API server', () => {
  it.each(SPECS)('accepts what becomes of %j', async (fields) => {
    await using lab = await openLab()
    const spec = serviceSpec.parse({name: 'web', image: 'acme/web:1', ...fields})
    const facts = await gatherFacts(lab.client, spec)
    const release = {
      id: 'r1',
      spec,
      status: 'deploying',
      createdAt: new Date().toISOString(),
      reason: 'deploy',
    } as const

    await checkObjects(lab.client, 'web', render(release, facts, 2), {})
    expect(await lab.engine.list()).toEqual([])
  })

  it('accepts autoscalers in each version that it serves', async () => {
    await using lab = await openLab()
    const spec = serviceSpec.parse({name: 'web', image: 'acme/web:1', replicas: 'auto', autoscale: {min: 2, max: 4}})
    const facts = await gatherFacts(lab.client, spec)
    const release = {
      id: 'r1',
      spec,
      status: 'deploying',
      createdAt: new Date().toISOString(),
      reason: 'deploy',
    } as const
    for (const autoscaleApi of [facts.autoscaleApi, 'autoscaling/v1']) {
      await checkObjects(lab.client, 'web', render(release, {...facts, autoscaleApi}, 2), {})
    }
  })
})
