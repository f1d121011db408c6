import {exchange} from '../api.ts'
import type {CheckContext, ConformanceCheck} from '../check.ts'
import {equal, ok, status} from '../expect.ts'

const canary = (weight: number) => ({deploy: {strategy: 'canary', canary_weight: weight}})

/** v1 in service, v2 as its canary. */
async function withCanary({bench}: CheckContext, weight = 20, extra: Readonly<Record<string, unknown>> = {}) {
  const name = bench.name()
  await bench.deployed(bench.service(name, {...extra, env: {VERSION: 'v1'}}))
  await bench.deployed(bench.service(name, {...extra, env: {VERSION: 'v2'}, ...canary(weight)}))
  return name
}

/** How many of the requests each version answered. */
export async function shares(proxy: URL, host: string, requests: number): Promise<Record<string, number>> {
  const seen: Record<string, number> = {}
  for (let index = 0; index < requests; index++) {
    const {text} = await exchange(proxy, {method: 'GET', path: '/', headers: {host}, body: undefined})
    seen[text] = (seen[text] ?? 0) + 1
  }
  return seen
}

/** Two versions side by side. */
export const canaryChecks: readonly ConformanceCheck[] = [
  {
    group: 'canary',
    name: 'without a canary there is nothing to promote',
    async run({bench}) {
      const name = bench.name()
      await bench.deployed(bench.service(name))
      const answer = await bench.act(name, 'promote')
      status(answer, 500, 'promote')
      equal(answer.text, `promote ${name} failed: no canary instances to promote for '${name}'`, 'promote')
    },
  },
  {
    group: 'canary',
    name: 'a canary runs beside the stable version, which stays as it was',
    needs: ['app'],
    async run(context) {
      const name = await withCanary(context)
      const row = await context.bench.until(name, ({status: word}) => word === 'running')
      equal(row.desired_replicas, 1, 'desired replicas')
    },
  },
  {
    group: 'canary',
    name: 'promoted, it is all there is, and there is nothing left to promote',
    needs: ['app'],
    async run(context) {
      const name = await withCanary(context)
      const answer = await context.bench.act(name, 'promote')
      status(answer, 200, 'promote')
      equal(answer.json(), {ok: `promote ${name}`}, 'promote')
      await context.bench.steady(name, 1)
      status(await context.bench.act(name, 'promote'), 500, 'second promote')
    },
  },
  {
    group: 'canary',
    name: 'weights of 80 and 20 are exactly 80 and 20 of 100 requests',
    needs: ['app', 'proxy'],
    async run(context) {
      const host = `${context.bench.mark}.example.test`
      await withCanary(context, 20, {domain: host})
      equal(await shares(context.proxy, host, 100), {v1: 80, v2: 20}, 'answers by version')
    },
  },
  {
    group: 'canary',
    name: 'a rollback removes the canary and keeps the stable version',
    needs: ['app', 'proxy'],
    async run(context) {
      const host = `${context.bench.mark}.example.test`
      const name = await withCanary(context, 50, {domain: host})
      status(await context.bench.act(name, 'rollback'), 200, 'rollback')
      equal(await shares(context.proxy, host, 20), {v1: 20}, 'answers by version')
      await context.bench.steady(name, 1)
    },
  },
  {
    group: 'canary',
    name: 'a promoted canary can be followed by another one',
    needs: ['app', 'proxy'],
    async run(context) {
      const {bench, proxy} = context
      const host = `${bench.mark}.example.test`
      const name = await withCanary(context, 50, {domain: host})
      status(await bench.act(name, 'promote'), 200, 'promote')
      await bench.deployed(bench.service(name, {domain: host, env: {VERSION: 'v3'}, ...canary(50)}))
      equal(await shares(proxy, host, 20), {v2: 10, v3: 10}, 'answers by version')
    },
  },
  {
    group: 'canary',
    name: 'the same deploy again leaves a canary as it is',
    needs: ['app', 'proxy'],
    async run(context) {
      const {bench, proxy} = context
      const host = `${bench.mark}.example.test`
      const name = await withCanary(context, 50, {domain: host})
      await bench.deployed(bench.service(name, {domain: host, env: {VERSION: 'v2'}, ...canary(50)}))
      equal(await shares(proxy, host, 20), {v1: 10, v2: 10}, 'answers by version')
      status(await bench.act(name, 'promote'), 200, 'promote')
    },
  },
  {
    group: 'canary',
    name: 'the first deploy of all is no canary',
    needs: ['app'],
    async run({bench}) {
      const name = bench.name()
      await bench.deployed(bench.service(name, canary(20)))
      await bench.running(name, 1)
      ok((await bench.act(name, 'promote')).status === 500, 'there was something to promote')
    },
  },
]
