import {createHmac} from 'node:crypto'
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest'
import {shareNext} from '../../src/server/api/share-next.ts'
import {signedBy} from '../../src/server/api/signature.ts'
import {serveApi} from './serve.ts'

let api: Awaited<ReturnType<typeof serveApi>>
beforeEach(async () => {
  api = await serveApi()
})
afterEach(() => api.close())

const deploy = (...services: unknown[]) => api.call('POST', '/api/v1/deploy', {body: {services}})
const web = {name: 'web', image: 'nginx:alpine'}
const hook = {repo: 'acme/web', service_name: 'web', secret: 'shared'}
const payload = {ref: 'refs/heads/main', repository: {full_name: 'acme/web'}, head_commit: {id: '1a2b3c4d5e6f'}}
const withCommit = (id: string) => JSON.stringify({...payload, head_commit: {id}})
const sign = (body: string, secret = 'shared') => `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`
const push = (body: string, signature: string | undefined = sign(body), headers: Record<string, string> = {}) =>
  api.call('POST', '/api/v1/webhooks/github', {
    token: '',
    body,
    headers: {...(signature === '' ? {} : {'x-hub-signature-256': signature}), ...headers},
  })
const register = (body: unknown) => api.call('POST', '/api/v1/webhooks', {body})

describe('webhooks', () => {
  it('are registered, listed without their secret, and removed by service', async () => {
    expect(await register(hook)).toMatchObject({status: 201, json: {status: 'registered'}})
    await register({...hook, branch: 'dev'})
    await register(hook)

    const {text, json} = await api.call('GET', '/api/v1/webhooks')

    expect(text).not.toContain('shared')
    expect(json.webhooks).toEqual([
      {repo: 'acme/web', service_name: 'web', branch: 'dev', has_secret: true, infra: false},
      {repo: 'acme/web', service_name: 'web', branch: 'main', has_secret: true, infra: false},
    ])
    expect((await api.call('DELETE', '/api/v1/webhooks/web')).json).toEqual({status: 'removed', count: 2})
    expect(await api.call('DELETE', '/api/v1/webhooks/web')).toMatchObject({
      status: 404,
      json: {error: "no webhook for service 'web'"},
    })
  })

  it.each([[undefined], [null], ['']])('need a secret, %j is none', async (secret) => {
    expect(await register({...hook, secret})).toMatchObject({status: 400, json: {error: /secret/}})
  })
})

describe('pushes', () => {
  it('many at once share redeploys', async () => {
    await deploy(web)
    await register(hook)
    const gate = Promise.withResolvers<void>()
    api.control.gate = gate.promise

    const pushes = Array.from({length: 100}, (_, index) => push(withCommit(index.toString(16).padStart(8, '0'))))
    await expect.poll(() => api.received()).toBeGreaterThanOrEqual(102)
    await api.call('GET', '/api/v1/health')
    gate.resolve()
    const answers = await Promise.all(pushes)

    expect(answers.map(({status}) => status)).toEqual(Array(100).fill(200))
    expect(api.control.calls.length).toBeLessThan(10)
  })

  it('that wait share one redeploy, for the last of them', async () => {
    const gate = Promise.withResolvers<void>()
    const runs: string[] = []
    const run = shareNext(async (key: string, input: number) => {
      runs.push(`${key} ${input}`)
      await gate.promise
    })

    const all = Array.from({length: 100}, (_, index) => run('web', index))
    gate.resolve()
    await Promise.all(all)
    await run('web', 100)

    expect(runs).toEqual(['web 0', 'web 99', 'web 100'])
  })

  it('that delete a branch redeploy nothing', async () => {
    await deploy(web)
    await register(hook)

    const gone = {...payload, head_commit: null, after: '0'.repeat(40), deleted: true}
    expect(await push(JSON.stringify(gone))).toMatchObject({status: 200, text: 'ignored: the branch was deleted'})
    expect(api.control.calls).toEqual([])
  })

  it('redeploy the service on a signed push to their branch', async () => {
    await deploy(web)
    await register(hook)

    expect(await push(JSON.stringify(payload))).toMatchObject({status: 200, json: {deployed: ['web'], errors: []}})

    expect(api.control.calls).toEqual(['redeploy web git push 1a2b3c4d'])
    const {json} = await api.call('GET', '/api/v1/webhooks/web/invocations')
    expect(json.invocations).toMatchObject([{status_code: 200, commit_sha: '1a2b3c4d', branch: 'main', deployed: true}])
  })
})

describe('pushes for nobody', () => {
  it.each([
    ['another branch', {...payload, ref: 'refs/heads/dev'}, 'ignored: no matching webhook config'],
    ['a tag', {...payload, ref: 'refs/tags/v1'}, 'ignored: not a branch push'],
    ['an unknown repo', {...payload, repository: {full_name: 'x/y'}}, 'ignored: no matching webhook config'],
  ])('ignore %s', async (_name, body, text) => {
    await register(hook)
    const answer = await push(JSON.stringify(body))
    expect([answer.status, answer.text]).toEqual([200, text])
  })

  it.each([
    ['a wrong secret', sign(JSON.stringify(payload), 'guess')],
    ['no signature', ''],
    ['no prefix', sign(JSON.stringify(payload)).slice(7)],
    ['bad hex', 'sha256=zz'],
  ])('refuse %s before they look at the body', async (_name, signature) => {
    await deploy(web)
    await register(hook)
    for (const body of [JSON.stringify(payload), 'no json at all']) {
      const answer = await push(body, signature)
      expect([answer.status, answer.text]).toEqual([401, 'signature validation failed'])
    }
    expect(api.control.calls).toEqual([])
  })

  it('refuse everything while there is none', async () => {
    expect((await push(JSON.stringify(payload))).status).toBe(401)
  })

  it("refuse a push that is signed with another repo's secret", async () => {
    await register(hook)
    await register({repo: 'evil/repo', service_name: 'evil', secret: 'theirs'})
    const body = JSON.stringify(payload)
    expect((await push(body, sign(body, 'theirs'))).status).toBe(401)
  })

  it('say what is wrong with a signed body that is no push, and answer a ping', async () => {
    await register(hook)
    expect(await push('{"zen":1}')).toMatchObject({status: 400, text: /^invalid payload: /})
    expect(await push('nope')).toMatchObject({status: 400, text: /^invalid payload: /})
    expect((await push('{"zen":"x"}', undefined, {'x-github-event': 'ping'})).status).toBe(200)
  })

  it('report a service that is gone', async () => {
    await register(hook)
    expect((await push(JSON.stringify(payload))).status).toBe(500)
  })
})

describe('deliveries', () => {
  it('redeploy once for a body that comes again, and again after a failure', async () => {
    await register(hook)
    expect((await push(JSON.stringify(payload))).status).toBe(500)
    await deploy(web)
    expect((await push(JSON.stringify(payload))).status).toBe(200)

    const again = await push(JSON.stringify(payload), undefined, {'x-github-delivery': 'another'})

    expect([again.status, again.text]).toEqual([200, 'ignored: duplicate delivery'])
    expect(api.control.calls).toHaveLength(2)
    const {json} = await api.call('GET', '/api/v1/webhooks/web/invocations')
    expect(json.invocations).toMatchObject([{deployed: true}, {deployed: false, error: "no service 'web'"}])
  })

  it.each(['x-gitea-signature', 'x-forgejo-signature'])('are taken with the header %s', async (header) => {
    await deploy(web)
    await register(hook)
    const body = JSON.stringify(payload)
    const answer = await push(body, '', {[header]: sign(body).slice(7), 'x-gitea-event': 'push'})
    expect(answer).toMatchObject({status: 200, json: {deployed: ['web']}})
  })

  it.each([
    ['upper-case hex', (good: string) => `sha256=${good.slice(7).toUpperCase()}`, 200],
    ['one bit changed', (good: string) => `${good.slice(0, -1)}${good.endsWith('0') ? '1' : '0'}`, 401],
    ['a truncated one', (good: string) => good.slice(0, -2), 401],
    ['SHA-1', (good: string) => `sha1=${good.slice(7, 47)}`, 401],
  ])('with %s as signature → %i', async (_name, change, status) => {
    await deploy(web)
    await register(hook)
    const body = JSON.stringify(payload)
    expect((await push(body, change(sign(body)))).status).toBe(status)
  })

  it('are refused when the body was written anew', async () => {
    await register(hook)
    expect((await push(JSON.stringify(payload, undefined, 1), sign(JSON.stringify(payload)))).status).toBe(401)
  })
})

describe('filters', () => {
  it('are for a tag only when the webhook asks for tags', async () => {
    await deploy(web)
    await register({...hook, tag: 'v*'})
    const tag = (name: string) => push(JSON.stringify({...payload, ref: `refs/tags/${name}`}))

    expect((await tag('beta')).text).toBe('ignored: not a branch push')
    expect((await tag('v1.2.0')).json).toEqual({deployed: ['web'], errors: []})
    expect((await push(JSON.stringify(payload))).text).toBe('ignored: no matching webhook config')
  })

  it('are ignored when they change nothing that is watched', async () => {
    await deploy(web)
    await register({...hook, paths: ['src/**', '*.json']})
    const changing = (files: string[], more = {}) =>
      push(JSON.stringify({...payload, commits: [{added: [], modified: files, removed: null}], ...more}))

    expect((await changing(['docs/a.md', 'deep/x.json'])).text).toBe('ignored: no watched path was changed')
    expect((await changing(['docs/a.md', 'src/a/b.ts'])).json.deployed).toEqual(['web'])
    expect((await changing(['package.json'])).json.deployed).toEqual(['web'])
    expect((await changing(['docs/b.md'], {forced: true})).json.deployed).toEqual(['web'])
    expect((await push(JSON.stringify(payload))).json.deployed).toEqual(['web'])
  })

  it.each(['€€€€€€€€€', '👩‍👩‍👧‍👦', ''])('survive the commit id %j', async (id) => {
    await deploy(web)
    await register(hook)
    expect((await push(withCommit(id))).status).toBe(200)
    expect(api.control.calls).toEqual(['redeploy web git push'])
  })

  it('read the escapes of JSON before they compare names', async () => {
    await deploy(web)
    await register(hook)
    const body = JSON.stringify(payload).replace('main', 'ma\\u0069n')
    expect((await push(body)).json.deployed).toEqual(['web'])
  })

  it('of 26 MB are refused, of 3 MB read', async () => {
    await deploy(web)
    await register(hook)
    const padded = (bytes: number) => JSON.stringify({...payload, padding: 'x'.repeat(bytes)})
    expect((await push(padded(3_000_000))).status).toBe(200)
    expect((await push('x'.repeat(26 * 1024 * 1024), 'sha256=00')).status).toBe(413)
  })

  it('that take longer than the forge waits are answered before, and their outcome is kept', async () => {
    await deploy(web)
    await register(hook)
    const gate = Promise.withResolvers<void>()
    api.control.gate = gate.promise
    const body = JSON.stringify(payload)
    const answer = await api.call('POST', '/api/v1/webhooks/github?wait=0', {
      token: '',
      body,
      headers: {'x-hub-signature-256': sign(body)},
    })

    expect([answer.status, answer.json]).toEqual([202, {deployed: [], errors: [], pending: ['web']}])
    expect(api.webhooks.invocations('web')).toEqual([])
    gate.resolve()
    await expect.poll(() => api.webhooks.invocations('web')).toMatchObject([{status_code: 200, deployed: true}])
  })

  it('of other events are ignored', async () => {
    await register(hook)
    expect((await push('{}', undefined, {'x-github-event': 'issues'})).text).toBe('ignored: not a push')
  })
})

describe('pushes in bad times', () => {
  it('do their work when their outcome cannot be kept', async () => {
    await deploy(web)
    await register(hook)
    vi.spyOn(api.webhooks, 'note').mockImplementation(() => {
      throw new Error('database or disk is full')
    })

    expect(await push(JSON.stringify(payload))).toMatchObject({status: 200, json: {deployed: ['web'], errors: []}})
  })

  it('with a wrong signature keep nobody waiting, however many secrets there are', async () => {
    const hooks = Array.from({length: 60}, (_, index) => ({
      repo: 'a/b',
      service: 'x',
      branch: 'm',
      secret: `s${index}`,
    }))
    let turns = 0
    const timer = setInterval(() => turns++, 0)

    expect(await signedBy(hooks, Buffer.alloc(2_000_000), `sha256=${'0'.repeat(64)}`)).toEqual([])
    clearInterval(timer)

    expect(turns).toBeGreaterThan(5)
  })
})
