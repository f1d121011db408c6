import {type Answer, exchange} from '../api.ts'
import type {CheckContext, ConformanceCheck} from '../check.ts'
import {contains, equal, ok, status} from '../expect.ts'
import {shares} from './canary.ts'

export const get = ({proxy}: Pick<CheckContext, 'proxy'>, host: string | undefined, path = '/'): Promise<Answer> =>
  exchange(proxy, {
    method: 'GET',
    path,
    headers: host === undefined ? {} : {host},
    body: undefined,
  })

export const domainOf = (context: CheckContext, part = 'www'): string => `${part}.${context.bench.mark}.example.test`

/** Sends one request after the other until `work` has ended; how many were not answered with 200. */
async function under(context: CheckContext, host: string, work: () => Promise<unknown>) {
  let isOver = false
  const ended = work().finally(() => {
    isOver = true
  })
  const failures: string[] = []
  let sent = 0
  while (!isOver) {
    const answer = await get(context, host).catch((error: unknown) => String(error))
    sent++
    if (typeof answer === 'string' || answer.status !== 200) {
      failures.push(typeof answer === 'string' ? answer : `${answer.status} ${answer.text}`)
    }
  }
  await ended
  return {sent, failures}
}

/** Requests from outside. */
export const proxyChecks: readonly ConformanceCheck[] = [
  {
    group: 'proxy',
    name: 'an unknown host is a 404 that names it',
    needs: ['proxy'],
    async run(context) {
      const answer = await get(context, 'nobody.example.test')
      status(answer, 404, 'unknown host')
      contains(answer.text, 'nobody.example.test', 'unknown host')
    },
  },
  {
    group: 'proxy',
    name: 'a service answers for its domain, whatever the case and port of the name',
    needs: ['proxy'],
    async run(context) {
      const domain = domainOf(context)
      await context.bench.deployed(context.bench.service(context.bench.name(), {domain}))
      for (const host of [domain, domain.toUpperCase(), `${domain}:80`]) {
        status(await get(context, host), 200, `host ${host}`)
      }
    },
  },
  {
    group: 'proxy',
    name: 'the headers of an answer reach the client, and the real host reaches the app',
    needs: ['proxy', 'app'],
    async run(context) {
      const domain = domainOf(context)
      await context.bench.deployed(context.bench.service(context.bench.name(), {domain, env: {VERSION: 'v5'}}))
      const answer = await get(context, domain, '/headers?a=1')
      equal(answer.headers['x-version'], 'v5', 'x-version')
      const seen = answer.json() as Record<string, string>
      equal(seen.host, domain, 'Host at the app')
      ok(seen['x-forwarded-for'] !== undefined, 'the app sees no X-Forwarded-For')
    },
  },
  {
    group: 'proxy',
    name: 'of several patterns the longest one that fits wins',
    needs: ['proxy', 'app'],
    async run(context) {
      const {bench} = context
      const domain = domainOf(context)
      const routes = {all: [], api: ['/api/*'], deep: ['/api/deep/*'], exact: ['/exact']}
      for (const [part, patterns] of Object.entries(routes)) {
        await bench.deployed(bench.service(bench.name(part), {domain, routes: patterns, env: {VERSION: part}}))
      }
      for (const [path, version] of [
        ['/', 'all'],
        ['/other', 'all'],
        ['/api/x', 'api'],
        ['/api/deep/x', 'deep'],
        ['/exact', 'exact'],
        ['/exact/not', 'all'],
      ] as const) {
        equal((await get(context, domain, path)).text, version, `answer to ${path}`)
      }
    },
  },
  {
    group: 'proxy',
    name: 'replicas take turns',
    needs: ['proxy', 'app'],
    async run(context) {
      const domain = domainOf(context)
      await context.bench.deployed(context.bench.service(context.bench.name(), {domain, replicas: 2}))
      const seen: Record<string, number> = {}
      for (let index = 0; index < 20; index++) {
        const {headers} = await get(context, domain, '/healthz')
        const replica = String(headers['x-host']) + String(headers['x-pid'] ?? '')
        seen[replica] = (seen[replica] ?? 0) + 1
      }
      const isOneHost = Object.keys(seen).length === 1
      // Processes of one machine have one host name.
      if (!isOneHost) equal(Object.values(seen), [10, 10], 'answers by replica')
    },
  },
  {
    group: 'proxy',
    name: 'a new version takes over without a failed request',
    needs: ['proxy', 'app'],
    async run(context) {
      const {bench} = context
      const [name, domain] = [bench.name(), domainOf(context)]
      const version = (text: string) => bench.service(name, {domain, replicas: 2, env: {VERSION: text}})
      await bench.deployed(version('v1'))
      const {sent, failures} = await under(context, domain, () => bench.deployed(version('v2')))
      equal(failures, [], `failed requests of ${sent}`)
      equal(await shares(context.proxy, domain, 4), {v2: 4}, 'answers by version')
    },
  },
  {
    group: 'proxy',
    name: 'a new version that never becomes ready costs no request',
    needs: ['proxy', 'app'],
    async run(context) {
      const {bench} = context
      const [name, domain] = [bench.name(), domainOf(context)]
      await bench.deployed(bench.service(name, {domain, replicas: 2, env: {VERSION: 'v1'}}))
      const broken = bench.service(name, {
        ...{domain, replicas: 2, env: {WRONG_PORT: '1'}},
        deploy: {ready_timeout_secs: 2},
      })
      const {sent, failures} = await under(context, domain, async () =>
        status(await bench.deploy(broken), 500, 'deploy'),
      )
      equal(failures, [], `failed requests of ${sent}`)
      equal(await shares(context.proxy, domain, 4), {v1: 4}, 'answers by version')
    },
  },
  {
    group: 'proxy',
    name: 'a rollback takes over without a failed request',
    needs: ['proxy', 'app'],
    async run(context) {
      const {bench} = context
      const [name, domain] = [bench.name(), domainOf(context)]
      for (const text of ['v1', 'v2']) {
        await bench.deployed(bench.service(name, {domain, replicas: 2, env: {VERSION: text}}))
      }
      const {failures} = await under(context, domain, async () =>
        status(await bench.act(name, 'rollback'), 200, 'rollback'),
      )
      equal(failures, [], 'failed requests')
      equal(await shares(context.proxy, domain, 4), {v1: 4}, 'answers by version')
    },
  },
  {
    group: 'proxy',
    name: 'the way to a challenge of a certificate cannot leave its folder',
    needs: ['proxy'],
    async run(context) {
      for (const path of ['..%2f..%2f..%2fetc%2fpasswd', '../../../../etc/passwd', '%2e%2e/%2e%2e/etc/passwd']) {
        const answer = await get(context, 'nobody.example.test', `/.well-known/acme-challenge/${path}`)
        ok(answer.status >= 400 && !answer.text.includes('root:'), `${path}: ${answer.status}`)
      }
    },
  },
]
