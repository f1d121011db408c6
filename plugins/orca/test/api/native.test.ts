import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {serveApi} from './serve.ts'

let api: Awaited<ReturnType<typeof serveApi>>
beforeEach(async () => {
  api = await serveApi()
})
afterEach(() => api.close())

const native = {accept: 'application/vnd.omni+json'}
const web = {name: 'web', command: 'node server.js', port: 3000, env: {TOKEN: 'hidden'}}
const create = (spec: unknown, query = '', headers = {}) =>
  api.call('POST', `/api/v1/services${query}`, {body: spec, headers})
const lines = (text: string) =>
  text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line))

describe('creating a service', () => {
  it('answers with notes and then the service', async () => {
    const answer = await create(web)

    expect(answer.headers.get('content-type')).toBe('application/x-ndjson')
    expect(lines(answer.text)).toMatchObject([
      {type: 'progress', service: 'web', note: 'starting'},
      {type: 'result', service: {name: 'web', release: 'r1'}, warnings: []},
    ])
  })

  it('answers with the failure of a version that did not come up', async () => {
    expect(lines((await create({...web, command: 'fail'})).text).at(-1)).toEqual({
      type: 'error',
      error: {
        code: 'DEPLOY_FAILED',
        message: 'it exits at once',
        details: {reason: 'StartFailed', lastLines: ['x']},
      },
    })
  })

  it.each([
    ['?mode=create', 'web', 409, 'CONFLICT'],
    ['?mode=update', 'ghost', 404, 'NOT_FOUND'],
    ['?mode=bold', 'web', 400, undefined],
  ])('%s of %s → %i', async (query, name, status, code) => {
    await create(web)
    const answer = await create({...web, name}, query)
    expect(answer.status).toBe(status)
    if (code !== undefined) expect(answer.json.error).toMatchObject({code, message: expect.any(String)})
  })

  it('happens once when two ask for it at the same moment', async () => {
    const gate = Promise.withResolvers<void>()
    api.control.gate = gate.promise
    const answers = Promise.all([create(web, '?mode=create'), create(web, '?mode=create')])
    gate.resolve()

    const ends = (await answers).map(({text}) => lines(text).at(-1) ?? {})
    expect(ends.map(({type, error}) => error?.code ?? type).sort()).toEqual(['CONFLICT', 'result'])
    expect(api.control.history.get('web')).toHaveLength(1)
  })

  it('is aborted when the client goes away', async () => {
    api.control.gate = new Promise(() => undefined)
    const leave = new AbortController()
    const answer = await fetch(`${api.url}/api/v1/services`, {
      method: 'POST',
      headers: {authorization: 'Bearer owner-token', 'content-type': 'application/json'},
      body: JSON.stringify(web),
      signal: leave.signal,
    })
    await answer.body?.getReader().read()

    leave.abort()
    await api.control.whenAborted()

    expect(api.control.services.size).toBe(0)
  })
})

describe('our forms', () => {
  beforeEach(() => create(web))

  it('show the whole service', async () => {
    expect((await api.call('GET', '/api/v1/services')).json.services).toMatchObject([{name: 'web', spec: web}])
    expect((await api.call('GET', '/api/v1/services/web')).json).toMatchObject({spec: {env: {TOKEN: 'hidden'}}})
    expect((await api.call('GET', '/api/v1/services/ghost')).json.error).toMatchObject({
      code: 'NOT_FOUND',
      hint: 'omni get services',
    })
  })

  it('hide the values of the environment from viewers', async () => {
    const token = api.tokenOf('viewer')
    for (const path of ['services', 'services/web', 'services/web/releases']) {
      const {text} = await api.call('GET', `/api/v1/${path}`, {token})
      expect(text).toContain('TOKEN')
      expect(text).not.toContain('hidden')
    }
  })

  it.each(['start', 'stop', 'restart', 'redeploy'])('%s answers the service, or ok to others', async (verb) => {
    const path = `/api/v1/services/web/${verb}`
    expect((await api.call('POST', path, {headers: native})).json).toMatchObject({name: 'web'})
    expect((await api.call('POST', path)).json).toEqual({ok: `${verb} web`})
    expect((await api.call('POST', '/api/v1/services/ghost/start', {headers: native})).json.error.code).toBe(
      'NOT_FOUND',
    )
  })

  it('scale and roll back with the service as the answer', async () => {
    const scaled = await api.call('POST', '/api/v1/services/web/scale', {body: {replicas: 3}, headers: native})
    expect(scaled.json).toMatchObject({desiredReplicas: 3})
    await create({...web, command: 'node new.js'})
    await create({...web, command: 'node newer.js'})

    const back = await api.call('POST', '/api/v1/services/web/rollback', {body: {to: 'r1'}, headers: native})

    expect(back.json).toMatchObject({spec: {command: 'node server.js'}})
    expect((await api.call('GET', '/api/v1/services/web/releases')).json.releases).toMatchObject([
      {id: 'r4', reason: 'rollback to r1', actor: 'owner'},
      {id: 'r3'},
      {id: 'r2'},
      {id: 'r1'},
    ])
    const unknown = await api.call('POST', '/api/v1/services/web/rollback', {body: {to: 'r9'}, headers: native})
    expect(unknown.json.error.code).toBe('NOT_FOUND')
  })

  it('remove twice without complaint', async () => {
    const remove = () => api.call('DELETE', '/api/v1/services/web?purge=true')
    expect([(await remove()).status, (await remove()).status]).toEqual([200, 200])
    expect(api.control.calls).toEqual(['remove web purge', 'remove web purge'])
  })
})

describe('events', () => {
  beforeEach(() => {
    api.control.event('service/web', 'replica.exited', 'exit 1')
    api.control.event('service/db', 'replica.ready', 'ready')
  })

  it('are JSON lines that end, when asked for', async () => {
    const read = async (query: string) =>
      lines((await api.call('GET', `/api/v1/events${query}`, {headers: {accept: 'application/x-ndjson'}})).text).map(
        (event) => event.id,
      )
    expect(await read('')).toEqual([1, 2])
    expect(await read('?since=1')).toEqual([2])
    expect(await read('?ref=service/web')).toEqual([1])
  })

  it('are server-sent events that go on, from the last one seen', async () => {
    const answer = await fetch(`${api.url}/api/v1/events`, {
      headers: {authorization: 'Bearer owner-token', 'last-event-id': '1'},
    })
    const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader()
    const next = async () => (await reader?.read())?.value

    expect(answer.headers.get('content-type')).toBe('text/event-stream')
    expect(await next()).toBe(`id: 2\nevent: replica.ready\ndata: ${JSON.stringify(api.control.happened[1])}\n\n`)
    api.control.event('service/web', 'late', 'x')
    expect(await next()).toContain('id: 3\n')
    await reader?.cancel()
  })
})

describe('artifacts', () => {
  const digest = `sha256:${'a'.repeat(64)}`

  it('go up once', async () => {
    const path = `/api/v1/artifacts/${digest}`
    const put = () =>
      api.call('PUT', path, {body: Buffer.alloc(3_000_000, 'x'), headers: {'content-type': 'application/gzip'}})

    expect((await api.call('HEAD', path)).status).toBe(404)
    expect(await put()).toMatchObject({status: 201, json: {stored: true}})
    expect((await api.call('HEAD', path)).status).toBe(200)
    expect(await put()).toMatchObject({status: 200, json: {stored: false}})
    expect(api.control.artifacts.get(digest)?.length).toBe(3_000_000)
  })

  it('have a digest for a name', async () => {
    expect((await api.call('PUT', '/api/v1/artifacts/..%2Fx', {body: 'x'})).status).toBe(400)
  })
})

describe('tokens', () => {
  it('are shown once, kept as a digest, and revoked', async () => {
    const made = await api.call('POST', '/api/v1/tokens', {body: {name: 'ci', role: 'deployer'}})
    expect(made.status).toBe(201)
    expect(made.json).toMatchObject({name: 'ci', role: 'deployer', token: expect.stringMatching(/^[\w-]{43}$/)})
    expect((await api.call('GET', '/api/v1/status', {token: made.json.token})).status).toBe(200)

    const list = await api.call('GET', '/api/v1/tokens')
    expect(list.text).not.toContain(made.json.token)
    expect(list.json.tokens).toMatchObject([{name: 'ci', lastUsedAt: expect.any(String)}])

    expect((await api.call('DELETE', '/api/v1/tokens/ci')).status).toBe(200)
    expect((await api.call('GET', '/api/v1/status', {token: made.json.token})).status).toBe(401)
    expect((await api.call('DELETE', '/api/v1/tokens/ci')).status).toBe(404)
  })

  it.each([
    [{name: 'a b', role: 'viewer'}, 422],
    [{name: 'a', role: 'root'}, 422],
    [{name: 'a', role: 'viewer', expiresAt: '2020-01-01T00:00:00Z'}, 400],
    [{name: 'a', role: 'viewer', expiresAt: 'soon'}, 422],
  ])('%j → %i', async (body, status) => {
    expect((await api.call('POST', '/api/v1/tokens', {body})).status).toBe(status)
  })

  it('have names of their own', async () => {
    const make = () => api.call('POST', '/api/v1/tokens', {body: {name: 'ci', role: 'viewer'}})
    await make()
    expect(await make()).toMatchObject({status: 409, json: {error: {code: 'CONFLICT'}}})
  })
})

describe('the server itself', () => {
  it('tells its version', async () => {
    expect((await api.call('GET', '/api/v1/version')).json).toMatchObject({
      ...{name: 'omni', version: '1.2.3', pid: process.pid, health: {ok: true}},
    })
  })

  it('ends after its answer is out', async () => {
    expect(await api.call('POST', '/api/v1/shutdown?workloads=stop')).toMatchObject({status: 202})
    expect(api.shutdowns).toEqual(['stop'])
    expect((await api.call('POST', '/api/v1/shutdown?workloads=burn')).status).toBe(400)
  })
})
