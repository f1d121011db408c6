import {poll} from '@omni-cli/sdk'
import type {CheckContext, ConformanceCheck} from '../check.ts'
import {equal, list, member, ok, status} from '../expect.ts'

/** The guide's loop: at most twelve looks at the status. */
async function waitUntilRunning({api}: CheckContext, name: string): Promise<void> {
  await poll({everyMs: 1_000, timeoutMs: 60_000}, async () => {
    const {services} = (await api.send('GET', '/api/v1/status')).json() as {services: {name: string; status: string}[]}
    return services.find((service) => service.name === name)?.status === 'running'
  })
}

/** What the guide for operators and programs tells them to do, step by step. */
export const guideChecks: readonly ConformanceCheck[] = [
  {
    group: 'guide',
    name: 'deploy, then verify',
    async run(context) {
      const {api, bench} = context
      const name = bench.name('my-app')
      const answer = await api.send('POST', '/api/v1/deploy', {json: {services: [bench.service(name, {replicas: 2})]}})
      ok(list(answer.json(), 'deployed').includes(name), `'${name}' is not in \`deployed\``)
      await waitUntilRunning(context, name)
    },
  },
  {
    group: 'guide',
    name: 'incident response: logs of what does not run, and a deploy when nothing runs',
    needs: ['app'],
    async run(context) {
      const {api, bench} = context
      const name = bench.name('my-app')
      await bench.deploy(bench.service(name, {env: {EXIT: '1'}}))
      const rows = list((await api.send('GET', '/api/v1/status')).json(), 'services')
      const broken = rows.find((row) => member(row, 'name', 'string') === name)
      ok(broken !== undefined, 'the service is not listed')
      ok(member(broken, 'status', 'string') !== 'running', 'it is called running')
      const logs = await api.send('GET', `/api/v1/services/${name}/logs?tail=50`)
      status(logs, 200, 'logs')
      equal(member(broken, 'running_replicas', 'number'), 0, 'running replicas')
      await bench.deployed(bench.service(name, {env: {VERSION: 'fixed'}}))
      await waitUntilRunning(context, name)
    },
  },
  {
    group: 'guide',
    name: 'canary: deploy beside the stable version, then promote',
    needs: ['app'],
    async run(context) {
      const {bench} = context
      const name = bench.name('api')
      await bench.deployed(bench.service(name, {env: {VERSION: 'v1'}}))
      const deploy = {strategy: 'canary', canary_weight: 20}
      await bench.deployed(bench.service(name, {env: {VERSION: 'v2'}, deploy}))
      await waitUntilRunning(context, name)
      status(await bench.act(name, 'promote'), 200, 'promote')
      await waitUntilRunning(context, name)
    },
  },
  {
    group: 'guide',
    name: 'a duplicate deploy is skipped at once',
    async run({bench}) {
      const name = bench.name('my-app')
      await bench.deployed(bench.service(name))
      await bench.deployed(bench.service(name))
      await bench.steady(name, 1)
    },
  },
]
