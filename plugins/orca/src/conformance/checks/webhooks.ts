import {createHmac, randomBytes} from 'node:crypto'
import type {Answer} from '../api.ts'
import type {CheckContext, ConformanceCheck} from '../check.ts'
import {contains, equal, isRecord, list, ok, status} from '../expect.ts'

const PUSH = '/api/v1/webhooks/github'

const payload = (repo: string, change: Readonly<Record<string, unknown>> = {}): string =>
  JSON.stringify({
    ref: 'refs/heads/main',
    repository: {full_name: repo},
    head_commit: {id: randomBytes(20).toString('hex'), message: 'a change'},
    ...change,
  })

const sign = (secret: string, body: string): string =>
  `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`

interface Hook {
  readonly repo: string
  readonly secret: string
  readonly service: string
  push(body: string, signature?: string | undefined): Promise<Answer>
}

/** Registers a webhook; removed at the end. */
async function withHook(context: CheckContext, work: (hook: Hook) => Promise<void>, branch?: string): Promise<void> {
  const {api, bench} = context
  const [repo, secret, service] = [`org/${bench.mark}`, randomBytes(16).toString('hex'), bench.name('hooked')]
  const json = {repo, service_name: service, secret, ...(branch === undefined ? {} : {branch})}
  const answer = await api.send('POST', '/api/v1/webhooks', {json})
  status(answer, 201, 'register')
  equal(answer.json(), {status: 'registered'}, 'register')
  const push = (body: string, signature: string | undefined = sign(secret, body)) =>
    api.send('POST', PUSH, {
      body,
      token: null,
      headers: {'content-type': 'application/json', ...(signature === '' ? {} : {'x-hub-signature-256': signature})},
    })
  try {
    await work({repo, secret, service, push})
  } finally {
    await api.send('DELETE', `/api/v1/webhooks/${service}`)
  }
}

/** Signatures that are none; '' = no header. */
const FORGED: readonly [name: string, make: (good: string) => string][] = [
  ['no signature', () => ''],
  ['a wrong secret', () => sign('guess', 'x')],
  ['a missing prefix', (good) => good.slice('sha256='.length)],
  ['another algorithm', (good) => good.replace('sha256', 'sha1')],
  ['no hex', () => `sha256=${'z'.repeat(64)}`],
  ['a truncated signature', (good) => good.slice(0, -2)],
  ['one bit flipped', (good) => good.slice(0, -1) + (good.endsWith('0') ? '1' : '0')],
]

/** Pushes that are in order and concern nobody. */
const IGNORED: readonly [name: string, change: Readonly<Record<string, unknown>>][] = [
  ['another branch', {ref: 'refs/heads/other'}],
  ['a tag', {ref: 'refs/tags/v1.0.0'}],
  ['a deleted branch', {deleted: true, after: '0'.repeat(40), head_commit: null}],
]

/** Pushes of a forge. */
export const webhookChecks: readonly ConformanceCheck[] = [
  {
    group: 'webhooks',
    name: 'without a secret none is registered',
    async run({api, bench}) {
      const answer = await api.send('POST', '/api/v1/webhooks', {
        json: {repo: 'o/r', service_name: bench.name('hooked')},
      })
      status(answer, 400, 'register')
      ok(isRecord(answer.json()) && 'error' in (answer.json() as object), 'the refusal has no `error`')
    },
  },
  {
    group: 'webhooks',
    name: 'a list of them shows the default branch main, and no secret',
    run: (context) =>
      withHook(context, async ({repo, secret, service}) => {
        const answer = await context.api.send('GET', '/api/v1/webhooks')
        const entry = list(answer.json(), 'webhooks').find((row) => isRecord(row) && row.service_name === service)
        ok(isRecord(entry), 'it is not in the list')
        equal([entry.repo, entry.branch, entry.has_secret], [repo, 'main', true], 'entry')
        ok(!answer.text.includes(secret), 'the list shows the secret')
      }),
  },
  {
    group: 'webhooks',
    name: 'a signed push deploys the service anew',
    run: (context) =>
      withHook(context, async ({repo, service, push}) => {
        await context.bench.deployed(context.bench.service(service))
        const answer = await push(payload(repo))
        status(answer, 200, 'push')
        equal(answer.json(), {deployed: [service], errors: []}, 'push')
        await context.bench.steady(service, 1)
      }),
  },
  {
    group: 'webhooks',
    name: 'a push without a head commit is accepted',
    run: (context) =>
      withHook(context, async ({repo, service, push}) => {
        await context.bench.deployed(context.bench.service(service))
        status(await push(payload(repo, {head_commit: undefined})), 200, 'push')
      }),
  },
  {
    group: 'webhooks',
    name: 'a commit id of other letters does no harm',
    run: (context) =>
      withHook(context, async ({repo, service, push}) => {
        await context.bench.deployed(context.bench.service(service))
        status(await push(payload(repo, {head_commit: {id: '€€€', message: ''}})), [200, 400], 'push')
        status(await context.api.send('GET', '/api/v1/health'), 200, 'health')
      }),
  },
  ...FORGED.map(
    ([name, make]): ConformanceCheck => ({
      group: 'webhooks',
      name: `${name} is a 401, and nothing is deployed`,
      run: (context) =>
        withHook(context, async ({repo, secret, push}) => {
          const body = payload(repo)
          const answer = await push(body, make(sign(secret, body)))
          status(answer, 401, name)
          contains(answer.text, 'signature', name)
        }),
    }),
  ),
  {
    group: 'webhooks',
    name: 'a repository that nobody knows is answered like a wrong signature',
    async run({api, bench}) {
      const body = payload(`nobody/${bench.mark}`)
      const headers = {'content-type': 'application/json', 'x-hub-signature-256': sign('guess', body)}
      const answer = await api.send('POST', PUSH, {body, token: null, headers})
      ok(answer.status === 401 || answer.text.startsWith('ignored'), `answered ${answer.status} ${answer.text}`)
    },
  },
  ...IGNORED.map(
    ([name, change]): ConformanceCheck => ({
      group: 'webhooks',
      name: `a push of ${name} is ignored with a 200`,
      run: (context) =>
        withHook(context, async ({repo, push}) => {
          const answer = await push(payload(repo, change))
          status(answer, 200, 'push')
          contains(answer.text, 'ignored', 'push')
        }),
    }),
  ),
  {
    group: 'webhooks',
    name: 'all branches of a service are removed at once; again is a 404 in JSON',
    async run({api, bench}) {
      const service = bench.name('hooked')
      for (const branch of ['main', 'dev']) {
        const json = {repo: 'o/r', service_name: service, branch, secret: 's3cret-s3cret'}
        status(await api.send('POST', '/api/v1/webhooks', {json}), 201, 'register')
      }
      const answer = await api.send('DELETE', `/api/v1/webhooks/${service}`)
      equal(answer.json(), {status: 'removed', count: 2}, 'remove')
      const again = await api.send('DELETE', `/api/v1/webhooks/${service}`)
      status(again, 404, 'remove again')
      equal(again.json(), {error: `no webhook for service '${service}'`}, 'remove again')
    },
  },
]
