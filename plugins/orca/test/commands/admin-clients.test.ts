import {createServer, type Server} from 'node:http'
import type {AddressInfo} from 'node:net'
import {createHttp, silentLogger} from '@omni-cli/sdk'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {createAdminClient} from '../../src/client/admin.ts'
import {followAudit} from '../../src/client/admin-audit.ts'
import {expiryOf} from '../../src/client/admin-view.ts'
import {createWebhookClient} from '../../src/client/webhook-client.ts'
import {ADMIN, serveApi} from '../api/serve.ts'

const http = createHttp({log: silentLogger, attempts: 1})

describe("somebody else's Orca", () => {
  let server: Server
  let url: string
  let hooks: unknown[]
  beforeEach(async () => {
    hooks = []
    // As Orca: unknown fields are ignored, unknown routes are an empty 404.
    server = createServer(async (request, response) => {
      const answer = (status: number, body = '') => response.writeHead(status).end(body)
      if (request.url !== '/api/v1/webhooks') return answer(404)
      if (request.method === 'GET') return answer(200, JSON.stringify({webhooks: hooks}))
      const {repo, service_name, branch = 'main'} = JSON.parse(Buffer.concat(await Array.fromAsync(request)).toString())
      hooks.push({repo, service_name, branch})
      return answer(201, '{"status":"registered"}')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterEach(() => new Promise((resolve) => server.close(resolve)))

  it('takes webhooks for a branch', async () => {
    await createWebhookClient(http, {url}).add({repo: 'a/b', service: 'web', secret: 's'})
    expect(hooks).toEqual([{repo: 'a/b', service_name: 'web', branch: 'main'}])
  })

  it('is found out when it ignores tags and paths', async () => {
    const client = createWebhookClient(http, {url})
    await expect(client.add({repo: 'a/b', service: 'web', secret: 's', tag: 'v*'})).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      hint: 'omni webhooks remove web',
    })
    const wish = {repo: 'a/c', service: 'web', secret: 's', paths: ['src/**']}
    await expect(client.add(wish)).rejects.toMatchObject({code: 'UNSUPPORTED'})
  })

  it('has no tokens and no audit log', async () => {
    const client = createAdminClient(http, {url})
    await expect(client.tokens()).rejects.toMatchObject({code: 'UNSUPPORTED'})
    await expect(client.audit({})).rejects.toMatchObject({code: 'UNSUPPORTED'})
  })
})

describe('a server of ours', () => {
  let api: Awaited<ReturnType<typeof serveApi>>
  beforeEach(async () => {
    api = await serveApi()
  })
  afterEach(() => api.close())

  it('keeps tags and paths', async () => {
    const client = createWebhookClient(http, {url: api.url, token: ADMIN})
    await client.add({repo: 'a/b', service: 'web', secret: 's', tag: 'v*', paths: ['src/**', 'x']})
    expect(await client.list()).toMatchObject([{branch: '', tag: 'v*', paths: ['src/**', 'x']}])
  })

  it('is told of in its own words when it refuses', async () => {
    const admin = {url: api.url, token: ADMIN}
    await expect(createWebhookClient(http, admin).remove('ghost')).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: "no webhook for service 'ghost'",
    })
    const viewer = createAdminClient(http, {url: api.url, token: api.tokenOf('viewer')})
    await expect(viewer.tokens()).rejects.toMatchObject({code: 'UNAUTHORIZED'})
  })

  it('is followed in its audit log, each entry once', async () => {
    const client = createAdminClient(http, {url: api.url, token: ADMIN})
    const stop = new AbortController()
    await client.createToken({name: 'a', role: 'viewer'})
    const seen: (string | undefined)[] = []
    const following = (async () => {
      for await (const {target} of followAudit((query) => client.audit(query), {}, stop.signal)) seen.push(target)
    })()
    await expect.poll(() => seen).toEqual(['a (viewer)'])
    await client.createToken({name: 'b', role: 'viewer'})
    await expect.poll(() => seen, {timeout: 5_000}).toEqual(['a (viewer)', 'b (viewer)'])
    stop.abort()
    await expect(following).rejects.toMatchObject({code: 'ABORTED'})
  })
})

describe('--expires', () => {
  const now = Date.parse('2026-01-01T00:00:00Z')
  it.each([
    ['30d', '2026-01-31T00:00:00.000Z'],
    ['1h30m', '2026-01-01T01:30:00.000Z'],
    ['2030-02-01', '2030-02-01T00:00:00.000Z'],
    ['2030-02-01T08:00:00+02:00', '2030-02-01T06:00:00.000Z'],
  ])('%s → %s', (text, time) => expect(expiryOf(text, now)).toBe(time))

  it.each(['', '0', 'soon', '2020-01-01', '-5m', '999999999999999d'])('%j is refused', (text) => {
    expect(() => expiryOf(text, now)).toThrow(/--expires/)
  })
})
