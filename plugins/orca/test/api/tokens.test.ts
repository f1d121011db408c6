import {DatabaseSync} from 'node:sqlite'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {createTokenStore} from '../../src/server/store/tokens.ts'
import {serveApi} from './serve.ts'

let api: Awaited<ReturnType<typeof serveApi>>
beforeEach(async () => {
  api = await serveApi()
})
afterEach(() => api.close())

const make = (body: unknown) => api.call('POST', '/api/v1/tokens', {body})
const status = async (token: string) => (await api.call('GET', '/api/v1/status', {token})).status

describe('tokens', () => {
  it('are shown once, used, listed without their secret, and revoked', async () => {
    const made = await make({name: 'ci', role: 'deployer'})
    expect(made).toMatchObject({status: 201, json: {name: 'ci', role: 'deployer', token: expect.any(String)}})
    const {token, id} = made.json
    expect(await status(token)).toBe(200)

    const list = await api.call('GET', '/api/v1/tokens')
    expect(list.text).not.toContain(token)
    expect(list.json.tokens).toMatchObject([{id, name: 'ci', lastUsedAt: expect.any(String)}])
    expect((await api.call('DELETE', '/api/v1/tokens/ci')).json).toEqual({revoked: 'ci'})
    expect(await status(token)).toBe(401)
    expect((await api.call('DELETE', '/api/v1/tokens/ci')).status).toBe(404)
  })

  it('get a new secret, and the old one ends', async () => {
    const {token} = (await make({name: 'ci', role: 'viewer'})).json
    const rotated = await api.call('POST', '/api/v1/tokens/ci/rotate')

    expect(rotated).toMatchObject({status: 201, json: {name: 'ci', role: 'viewer'}})
    expect([await status(token), await status(rotated.json.token)]).toEqual([401, 200])
  })

  it('can be renewed and revoked by themselves, and get the answer to that', async () => {
    const {token} = (await make({name: 'robot', role: 'admin'})).json
    const rotated = await api.call('POST', '/api/v1/tokens/robot/rotate', {token})
    expect(rotated).toMatchObject({status: 201, json: {token: expect.any(String)}})

    const revoked = await api.call('DELETE', '/api/v1/tokens/robot', {token: rotated.json.token})
    expect(revoked).toMatchObject({status: 200, json: {revoked: 'robot'}})
    expect(await status(rotated.json.token)).toBe(401)
  })

  it.each([
    [{name: 'x y', role: 'viewer'}, 422],
    [{name: 'x', role: 'root'}, 422],
    [{name: 'owner', role: 'viewer'}, 422],
    [{name: 'canary', role: 'viewer'}, 422],
    [{name: 'x', role: 'viewer', expiresAt: '2020-01-01T00:00:00Z'}, 400],
    [{name: 'x', role: 'viewer', expiresAt: 'soon'}, 422],
    [{name: 'x', role: 'admin', projects: ['shop']}, 422],
    [{name: 'x', role: 'viewer', projects: []}, 422],
  ])('are refused for %j → %i', async (body, expected) => {
    expect((await make(body)).status).toBe(expected)
    expect(api.tokens.list()).toEqual([])
  })

  it.each(['revoked', 'expired'])('that are %s end what they have open', async (how) => {
    const expiresAt = how === 'expired' ? new Date(Date.now() + 1_500).toISOString() : undefined
    const {token, record} = api.tokens.create({name: 'watcher', role: 'viewer', expiresAt})
    const answer = await fetch(`${api.url}/api/v1/events`, {headers: {authorization: `Bearer ${token}`}})
    expect(answer.status).toBe(200)

    if (how === 'revoked') await api.call('DELETE', `/api/v1/tokens/${record.id}`)

    await expect(answer.text()).rejects.toThrow()
    expect(await status(token)).toBe(401)
  })

  it('that are revoked end a deploy whose body was read long ago', async () => {
    api.control.gate = new Promise(() => undefined)
    const {token, record} = api.tokens.create({name: 'ci', role: 'deployer'})
    const answer = await fetch(`${api.url}/api/v1/services`, {
      method: 'POST',
      headers: {authorization: `Bearer ${token}`, 'content-type': 'application/json'},
      body: JSON.stringify({name: 'web', image: 'nginx'}),
    })
    expect(answer.status).toBe(200)

    await api.call('DELETE', `/api/v1/tokens/${record.id}`)

    await expect(answer.text()).rejects.toThrow()
    await api.control.whenAborted()
  })

  it('of a store from before projects reach everything as they did', () => {
    const database = new DatabaseSync(':memory:')
    database.exec(`CREATE TABLE api_tokens (
      id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, role TEXT NOT NULL, digest BLOB NOT NULL,
      created_at TEXT NOT NULL, expires_at TEXT, last_used_at TEXT) STRICT;
      INSERT INTO api_tokens VALUES ('t_1', 'old', 'viewer', x'00', '2026-01-01T00:00:00Z', NULL, NULL)`)
    const tokens = createTokenStore(database)
    createTokenStore(database)

    expect(tokens.list()).toEqual([{id: 't_1', name: 'old', role: 'viewer', createdAt: '2026-01-01T00:00:00Z'}])
  })
})

const spec = (name: string, project?: string) => ({name, image: 'nginx', ...(project === undefined ? {} : {project})})
const deploy = (services: unknown[], token?: string) =>
  api.call('POST', '/api/v1/deploy', {body: {services}, ...(token === undefined ? {} : {token})})

/** `web` in the project of the token, `mail` in another one, `free` in none. */
async function shopToken(): Promise<string> {
  await deploy([spec('web', 'shop'), spec('mail', 'office'), spec('free')])
  return api.tokens.create({name: 'shop-ci', role: 'deployer', projects: ['shop']}).token
}

describe('a token for one project', () => {
  let token: string
  beforeEach(async () => {
    token = await shopToken()
  })

  it('deploys and changes what is in it', async () => {
    expect((await deploy([spec('api', 'shop'), spec('web', 'shop')], token)).status).toBe(200)
    expect((await api.call('POST', '/api/v1/services/web/scale', {token, body: {replicas: 2}})).status).toBe(200)
    expect((await api.call('DELETE', '/api/v1/projects/shop', {token})).status).toBe(200)
  })

  it.each([
    ['another project', [spec('x', 'office')]],
    ['no project', [spec('x')]],
    ['a service of another project, moved', [spec('mail', 'shop')]],
    ['a service without a project, moved', [spec('free', 'shop')]],
    ['a secret of another project', [{...spec('x', 'shop'), env: {X: `\${secrets.office.PASS}`}}]],
    ['a secret of another project', [{...spec('web', 'shop'), env: {A: `x\${secrets.office.DB}`}}]],
    ['one of two', [spec('web', 'shop'), spec('mail', 'office')]],
  ])('does not deploy %s', async (_name, services) => {
    const answer = await deploy(services, token)
    expect([answer.status, answer.text]).toEqual([403, "the token 'shop-ci' is for 'shop' only"])
    expect(api.control.services.size).toBe(3)
    const one = await api.call('POST', '/api/v1/services', {body: services.at(-1), token})
    expect(one.status).toBe(403)
  })

  it.each([
    ['POST', '/api/v1/services/mail/scale'],
    ['POST', '/api/v1/services/mail/restart'],
    ['GET', '/api/v1/services/mail'],
    ['GET', '/api/v1/services/mail/logs'],
    ['GET', '/api/v1/services/ma%69l/releases'],
    ['DELETE', '/api/v1/services/free'],
    ['DELETE', '/api/v1/projects/office'],
    ['POST', '/api/v1/stop'],
    ['GET', '/metrics'],
    ['GET', '/api/v1/webhooks'],
  ])('does not reach %s %s', async (method, path) => {
    expect((await api.call(method, path, {token, ...(method === 'POST' ? {body: {replicas: 1}} : {})})).status).toBe(
      403,
    )
  })

  it('sees its own only', async () => {
    const names = async (path: string) =>
      (await api.call('GET', path, {token})).json.services.map(({name}: {name: string}) => name)
    expect(await names('/api/v1/status')).toEqual(['web'])
    expect(await names('/api/v1/services?project=office')).toEqual([])
    const events = await api.call('GET', '/api/v1/events?follow=false', {
      token,
      headers: {accept: 'application/x-ndjson'},
    })
    expect(events.text).toContain('service/web')
    expect(events.text).not.toMatch(/mail|free/)
  })
})

describe('a service that a token for one project deploys', () => {
  let token: string
  beforeEach(async () => {
    token = await shopToken()
  })

  it.each([
    ['the network of another project', {network: 'office', aliases: ['mail']}],
    ['a folder of the machine', {mounts: ['/:/host']}],
    ['the volume of another service', {mounts: ['orca-mail-data:/data']}],
  ])('does not reach %s', async (_name, reach) => {
    const answer = await deploy([{...spec('x', 'shop'), ...reach}], token)

    expect(answer.status).toBe(403)
    expect(answer.text).toContain(Object.values(reach)[0]?.toString())
    expect(api.control.services.size).toBe(3)
    expect((await deploy([{...spec('x', 'shop'), network: 'shop', aliases: ['y']}], token)).status).toBe(200)
  })

  it.each(['mail.example.com', 'mail.office.localhost'])('does not take paths of %s', async (domain) => {
    await deploy([{...spec('mail', 'office'), port: 80, domain: 'mail.example.com'}])
    const part = (name: string) => ({...spec(name, 'shop'), port: 80, domain, routes: ['/login']})

    const answer = await deploy([part('x')], token)

    expect([answer.status, answer.text]).toEqual([403, expect.stringContaining(`'${domain}' belongs to another`)])
    expect((await deploy([part('x')])).status).toBe(200)
    expect((await deploy([{...part('y'), domain: 'shop.example.com'}], token)).status).toBe(200)
  })

  it('does not roll back to what the service was in another project', async () => {
    const moved = {...spec('mail', 'office'), env: {PASS: `\${secrets.PASS}`}}
    await deploy([moved])
    await deploy([spec('mail', 'shop')])

    const back = (body?: unknown) => api.call('POST', '/api/v1/services/mail/rollback', {token, body})
    expect([(await back({to: 'r2'})).status, (await back()).status]).toEqual([403, 403])
    expect((await api.call('GET', '/api/v1/services/mail/releases', {token})).text).not.toContain('PASS')
  })
})
