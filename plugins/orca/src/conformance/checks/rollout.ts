import type {Answer} from '../api.ts'
import type {CheckContext, ConformanceCheck} from '../check.ts'
import {equal, ok, status} from '../expect.ts'
import {shares} from './canary.ts'
import {domainOf, get} from './proxy.ts'

/** A line of metrics: a comment, or a name with labels and a number. */
const METRIC = /^(#.*|[a-z_]+(\{([a-z_]+="([^"\\\n]|\\["\\n])*",?)*\})? -?[\d.e+-]+)$/i

/** Looks that are answered before the deploy is. */
async function looksDuring({api}: CheckContext, deploy: Promise<Answer>): Promise<number> {
  let isOver = false
  const ended = deploy.finally(() => {
    isOver = true
  })
  let looks = 0
  while (!isOver) {
    const [state, metrics] = await Promise.all([api.send('GET', '/api/v1/status'), api.send('GET', '/metrics')])
    equal([state.status, metrics.status], [200, 200], 'status and metrics')
    const broken = metrics.text.split('\n').filter((line) => line !== '' && !METRIC.test(line))
    equal(broken, [], 'lines of the metrics that cannot be read')
    if (!isOver) looks++
  }
  status(await ended, 200, 'deploy')
  return looks
}

/** What is seen from outside while one version follows another. */
export const rolloutChecks: readonly ConformanceCheck[] = [
  {
    group: 'deploy',
    name: 'status and metrics are answered, and whole, while a deploy is under way',
    needs: ['app'],
    async run(context) {
      const {bench} = context
      const looks = await looksDuring(context, bench.deploy(bench.service(bench.name(), {env: {BOOT_MS: '1500'}})))
      ok(looks > 0, 'none was answered before the deploy ended')
    },
  },
  {
    group: 'proxy',
    name: 'another version with more replicas, or with fewer, is all there is',
    needs: ['app', 'proxy'],
    async run(context) {
      const {bench, proxy} = context
      const [name, domain] = [bench.name(), domainOf(context)]
      for (const [version, replicas] of [
        ['v1', 1],
        ['v2', 3],
        ['v3', 2],
      ] as const) {
        await bench.deployed(bench.service(name, {domain, replicas, env: {VERSION: version}}))
        await bench.steady(name, replicas)
        equal(await shares(proxy, domain, 6), {[version]: 6}, 'answers by version')
      }
    },
  },
  {
    group: 'proxy',
    name: 'another domain counts, and the one before is nobody any more',
    needs: ['proxy'],
    async run(context) {
      const {bench} = context
      const [name, first, second] = [bench.name(), domainOf(context, 'first'), domainOf(context, 'second')]
      await bench.deployed(bench.service(name, {domain: first}))
      status(await get(context, first), 200, first)
      await bench.deployed(bench.service(name, {domain: second}))
      status(await get(context, second), 200, second)
      status(await get(context, first), 404, first)
    },
  },
  {
    group: 'proxy',
    name: 'a request under way is answered by the version that got it',
    needs: ['app', 'proxy'],
    async run(context) {
      const {bench} = context
      const [name, domain] = [bench.name(), domainOf(context)]
      const version = (text: string, slow: string) =>
        bench.service(name, {domain, env: {VERSION: text, SLOW_MS: slow}, deploy: {drain_secs: 10}})
      await bench.deployed(version('v1', '2500'))
      const answer = get(context, domain)
      await get(context, domain, '/healthz')
      await bench.deployed(version('v2', '0'))
      const {status: code, text} = await answer
      equal([code, text], [200, 'v1'], 'the request that began before the deploy')
      equal((await get(context, domain)).text, 'v2', 'the next one')
    },
  },
]
