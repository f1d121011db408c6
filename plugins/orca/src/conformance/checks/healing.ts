import {poll} from '@omni-cli/sdk'
import {exchange} from '../api.ts'
import type {CheckContext, ConformanceCheck} from '../check.ts'
import {contains, equal, isRecord, ok, status} from '../expect.ts'

const ask = ({proxy}: CheckContext, host: string, path: string) =>
  exchange(proxy, {method: 'GET', path, headers: {host}, body: undefined})

/** Asks until the answer is as wished; a proxy without a target answers 502 or 503 meanwhile. */
const answers = (context: CheckContext, host: string, text: string): Promise<unknown> =>
  poll({everyMs: 50, timeoutMs: 60_000}, async () => {
    const answer = await ask(context, host, '/').catch(() => undefined)
    return answer?.status === 200 && answer.text === text
  })

async function deployApp(context: CheckContext, change: Readonly<Record<string, unknown>> = {}) {
  const {bench} = context
  const [name, host] = [bench.name(), `${bench.mark}.example.test`]
  await bench.deployed(bench.service(name, {domain: host, env: {VERSION: 'v1', EAT_MB: '256'}, ...change}))
  return {name, host}
}

/** What is broken is repaired, and said. */
export const healingChecks: readonly ConformanceCheck[] = [
  {
    group: 'healing',
    name: 'a replica that crashes is replaced, without a health path as well',
    needs: ['app', 'proxy'],
    async run(context) {
      const {name, host} = await deployApp(context)
      await ask(context, host, '/crash').catch(() => undefined)
      await answers(context, host, 'v1')
      await context.bench.steady(name, 1)
    },
  },
  {
    group: 'healing',
    name: 'a replica that crashes five times in a row is back each time, and there is one',
    needs: ['app', 'proxy'],
    async run(context) {
      const {name, host} = await deployApp(context)
      for (let round = 0; round < 5; round++) {
        await ask(context, host, '/crash').catch(() => undefined)
        await answers(context, host, 'v1')
      }
      await context.bench.steady(name, 1)
    },
  },
  {
    group: 'healing',
    name: 'a replica whose health path fails is replaced',
    needs: ['app', 'proxy'],
    async run(context) {
      const liveness = {
        path: '/healthz',
        interval_secs: 1,
        timeout_secs: 1,
        failure_threshold: 2,
        initial_delay_secs: 0,
      }
      const {name, host} = await deployApp(context, {liveness})
      status(await ask(context, host, '/sick'), 200, '/sick')
      await poll({everyMs: 100, timeoutMs: 90_000}, async () => {
        const answer = await ask(context, host, '/healthz').catch(() => undefined)
        return answer?.status === 200
      })
      await context.bench.running(name, 1)
    },
  },
  {
    group: 'healing',
    name: 'the logs of a replica that used too much memory say OOMKilled, and it is back',
    needs: ['app', 'proxy', 'containers'],
    async run(context) {
      const {name, host} = await deployApp(context, {resources: {memory: '96Mi'}})
      await ask(context, host, '/eat').catch(() => undefined)
      const failure = await poll({everyMs: 100, timeoutMs: 60_000}, async () => {
        const found = (await context.bench.row(name))?.last_failure
        return isRecord(found) ? found : undefined
      }).catch(() => undefined)
      await answers(context, host, 'v1')
      ok(failure === undefined || failure.reason === 'OOMKilled', `last_failure is ${JSON.stringify(failure)}`)
      contains(await context.bench.logs(name), 'OOMKilled', 'logs')
    },
  },
  {
    group: 'healing',
    name: 'the output of a service that does not run can be read, with the reason',
    needs: ['app'],
    async run({bench}) {
      const name = bench.name()
      await bench.deploy(bench.service(name, {env: {EXIT: '7'}}))
      const text = await bench.logs(name)
      contains(text, 'broken on purpose', 'logs')
      equal((await bench.row(name))?.running_replicas, 0, 'running replicas')
    },
  },
]
