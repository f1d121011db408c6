import {createHmac} from 'node:crypto'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
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
  it('many at once redeploy twice: what runs began before the last of them', async () => {
    await deploy(web)
    await register(hook)
    const gate = Promise.withResolvers<void>()
    api.control.gate = gate.promise

    const pushes = Array.from({length: 20}, () => push(JSON.stringify(payload)))
    await expect.poll(() => api.control.calls.length).toBe(1)
    setTimeout(gate.resolve, 200)
    const answers = await Promise.all(pushes)

    expect(answers.map(({status}) => status)).toEqual(Array(20).fill(200))
    expect(api.control.calls).toHaveLength(2)
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

    expect(api.control.calls).toEqual(['restart web by github'])
    const {json} = await api.call('GET', '/api/v1/webhooks/web/invocations')
    expect(json.invocations).toMatchObject([{status_code: 200, commit_sha: '1a2b3c4d', branch: 'main', deployed: true}])
  })

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
