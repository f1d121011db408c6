import {createServer} from 'node:http'
import type {AddressInfo} from 'node:net'
import {serviceSpec} from '@omni-cli/sdk'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {decryptWith, encryptFor, newIdentity} from '../../src/secrets/age.ts'
import {writeDocument} from '../../src/secrets/document.ts'
import {ADMIN, serveApi} from './serve.ts'

let api: Awaited<ReturnType<typeof serveApi>>
beforeEach(async () => {
  api = await serveApi()
})
afterEach(() => api.close())

const SENTINEL = 'sentinel-5f3a91'
const recipient = async () => (await api.call('GET', '/api/v1/secrets/recipient')).json.recipient as string
const encrypted = async (...entries: {key: string; value: string; project?: string}[]) =>
  encryptFor([await recipient()], writeDocument(entries))
const put = (key: string, body: unknown) => api.call('POST', `/api/v1/secrets/${key}`, {body})
const deploy = (name: string, env: Record<string, string>, project = 'shop') =>
  api.control.deploy([serviceSpec.parse({name, project, command: 'node .', env})], {
    actor: {name: 'a', role: 'admin'},
    reason: 'deploy',
  })

describe('setting', () => {
  it('takes a value in clear from this machine, and never tells it again', async () => {
    expect(await put('DB_PASS', {value: SENTINEL, project: 'shop'})).toMatchObject({
      status: 200,
      json: {status: 'set', key: 'DB_PASS', scope: 'shop', used_by: []},
    })

    expect(api.secrets.store.reveal([{key: 'DB_PASS', project: 'shop'}])[0]?.value).toBe(SENTINEL)
    for (const path of ['/api/v1/secrets', '/api/v1/secrets/usage', '/api/v1/audit', '/api/v1/events?follow=false']) {
      const answer = await api.call('GET', path)
      expect([path, answer.status]).toEqual([path, 200])
      expect(answer.text).not.toContain(SENTINEL)
    }
  })

  it('takes a value that is encrypted to the server', async () => {
    const age = await encryptFor([await recipient()], SENTINEL)

    expect(await put('A', {age})).toMatchObject({status: 200, json: {status: 'set'}})
    expect(api.secrets.store.reveal([{key: 'A'}])[0]?.value).toBe(SENTINEL)
    expect(await put('A', {age})).toMatchObject({json: {status: 'unchanged'}})
  })

  it.each([
    ['A', {}, 400],
    ['A', {value: 7}, 422],
    ['A%20B', {value: 'x'}, 400],
    ['A', {value: 'a\0b'}, 400],
    ['A', {value: 'x', project: 'No Name'}, 422],
    ['A', {age: 'nonsense'}, 400],
    ['A', {age: '-----BEGIN AGE ENCRYPTED FILE-----\nAAAA\n-----END AGE ENCRYPTED FILE-----\n'}, 400],
  ])('%s with %j is refused with %i', async (key, body, status) => {
    expect((await put(key, body)).status).toBe(status)
    expect(api.secrets.store.list()).toEqual([])
  })

  it.each([
    ['10.0.0.7', 400],
    ['::ffff:192.168.1.2', 400],
    ['fe80::1', 400],
    ['127.0.0.1', 200],
    ['::ffff:127.0.0.1', 200],
    ['::1', 200],
  ])('in clear from %s is answered with %i', async (remoteAddress, status) => {
    const server = createServer((request, response) => {
      Object.defineProperty(request.socket, 'remoteAddress', {value: remoteAddress})
      api.app.routing(request, response)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const {port} = server.address() as AddressInfo

    const answer = await fetch(`http://127.0.0.1:${port}/api/v1/secrets/A`, {
      method: 'POST',
      headers: {authorization: `Bearer ${ADMIN}`, 'content-type': 'application/json'},
      body: JSON.stringify({value: SENTINEL}),
    })
    server.close()

    expect(answer.status).toBe(status)
    expect(api.secrets.store.list()).toHaveLength(status === 200 ? 1 : 0)
    if (status === 400) expect(await answer.text()).toContain('omni secrets set')
  })

  it('refuses what was encrypted to somebody else', async () => {
    const age = await encryptFor([(await newIdentity()).recipient], SENTINEL)

    expect(await put('A', {age})).toMatchObject({status: 400})
  })

  it('tells which running services have the old value', async () => {
    await deploy('web', {X: `\${secrets.A}`})
    await deploy('worker', {X: `\${secrets.shop.A}`}, 'other')
    await deploy('else', {X: `\${secrets.A}`}, 'other')

    expect((await put('A', {value: 'x', project: 'shop'})).json.used_by).toEqual(['web', 'worker'])
  })
})

describe('importing', () => {
  it('sets many or none', async () => {
    await put('A', {value: 'old'})
    const age = await encrypted({key: 'A', value: 'new'}, {key: 'B', value: 'b', project: 'shop'})
    const send = (on_conflict?: string) => api.call('POST', '/api/v1/secrets/import', {body: {age, on_conflict}})

    expect(await send()).toMatchObject({status: 409, json: {error: {code: 'CONFLICT', details: {keys: ['A']}}}})
    expect(api.secrets.store.list()).toHaveLength(1)
    expect((await send('keep')).json).toMatchObject({set: [{key: 'B', project: 'shop'}], kept: [{key: 'A'}]})
    expect((await send('replace')).json).toMatchObject({set: [{key: 'A'}], unchanged: [{key: 'B', project: 'shop'}]})
  })

  it('refuses what is no list of secrets without showing it', async () => {
    const age = await encryptFor([await recipient()], `not json ${SENTINEL}`)
    const answer = await api.call('POST', '/api/v1/secrets/import', {body: {age}})

    expect(answer.status).toBe(400)
    expect(answer.text).not.toContain(SENTINEL)
  })
})

describe('listing', () => {
  it('tells who uses what, and what is missing', async () => {
    await put('A', {value: 'x', project: 'shop'})
    await put('G', {value: 'x'})
    await deploy('web', {X: `\${secrets.A}-\${secrets.NONE}`, Y: `\${secrets.G}`})

    expect((await api.call('GET', '/api/v1/secrets')).json).toMatchObject({
      secrets: [
        {key: 'G', used_by: ['web'], updated_by: 'owner'},
        {key: 'A', scope: 'shop', used_by: ['web']},
      ],
      missing: [{key: 'NONE', scope: 'shop', used_by: ['web']}],
    })
    expect((await api.call('GET', '/api/v1/secrets?project=shop')).json.secrets).toMatchObject([{key: 'A'}])
  })

  it("has Orca's form of usage", async () => {
    await put('A', {value: 'x', project: 'shop'})
    await deploy('web', {X: `\${secrets.A}\${secrets.B}`})

    expect((await api.call('GET', '/api/v1/secrets/usage')).json).toEqual({
      secrets: [
        {key: 'A', scope: 'shop', refs: [{service_name: 'web', project: 'shop'}], in_store: true},
        {key: 'B', scope: 'shop', refs: [{service_name: 'web', project: 'shop'}], in_store: false},
      ],
    })
  })
})

describe('removing', () => {
  it('is told, and is 404 the second time', async () => {
    await put('A', {value: 'x', project: 'shop'})
    await deploy('web', {X: `\${secrets.A}`})

    expect((await api.call('DELETE', '/api/v1/secrets/A')).status).toBe(404)
    expect((await api.call('DELETE', '/api/v1/secrets/A?project=shop')).json).toMatchObject({
      status: 'removed',
      used_by: ['web'],
    })
    expect((await api.call('DELETE', '/api/v1/secrets/A?project=shop')).status).toBe(404)
  })
})

describe('exporting', () => {
  it('gives an age file that each recipient can open, and the answer is not kept anywhere', async () => {
    const [alice, bob] = [await newIdentity(), await newIdentity()]
    await put('A', {value: SENTINEL, project: 'shop'})
    await put('B', {value: 'b'})

    const answer = await api.call('POST', '/api/v1/secrets/export', {
      body: {recipients: [alice.recipient, bob.recipient]},
    })

    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(answer.text).not.toContain(SENTINEL)
    for (const {identity} of [alice, bob]) {
      expect(JSON.parse(await decryptWith([identity], answer.json.age)).secrets).toEqual([
        {key: 'B', value: 'b'},
        {key: 'A', project: 'shop', value: SENTINEL},
      ])
    }
  })

  it('is of one project or of named secrets', async () => {
    const {recipient} = await newIdentity()
    await put('A', {value: 'a', project: 'shop'})
    await put('B', {value: 'b'})
    const names = async (body: object) =>
      (await api.call('POST', '/api/v1/secrets/export', {body: {recipients: [recipient], ...body}})).json.secrets

    expect(await names({project: 'shop'})).toEqual([{key: 'A', project: 'shop'}])
    expect(await names({secrets: [{key: 'B'}]})).toEqual([{key: 'B'}])
  })

  it.each([
    [{recipients: []}, 422],
    [{recipients: ['age1nonsense']}, 400],
    [{}, 422],
  ])('%j is refused with %i', async (body, status) => {
    expect((await api.call('POST', '/api/v1/secrets/export', {body})).status).toBe(status)
  })

  it('of a secret that is not there is 404', async () => {
    const {recipient} = await newIdentity()
    const body = {recipients: [recipient], secrets: [{key: 'A'}]}

    expect((await api.call('POST', '/api/v1/secrets/export', {body})).status).toBe(404)
  })

  it('is in the audit log, with the names of what was looked at', async () => {
    const {recipient} = await newIdentity()
    await put('A', {value: 'a', project: 'shop'})
    await api.call('POST', '/api/v1/secrets/export', {body: {recipients: [recipient]}})

    const {entries} = (await api.call('GET', '/api/v1/audit')).json
    expect(entries).toContainEqual(
      expect.objectContaining({route: '/api/v1/secrets/export', target: 'shop/A', actor: 'owner'}),
    )
  })
})

it('a rotation keeps all values', async () => {
  await put('A', {value: SENTINEL})

  expect((await api.call('POST', '/api/v1/secrets/rotate')).json).toEqual({status: 'rotated', secrets: 1})
  expect(api.secrets.store.reveal([{key: 'A'}])[0]?.value).toBe(SENTINEL)
})

it('a deployer may encrypt for the server, and nothing else', async () => {
  const token = api.tokenOf('deployer')

  expect((await api.call('GET', '/api/v1/secrets/recipient', {token})).status).toBe(200)
  expect((await api.call('GET', '/api/v1/secrets', {token})).status).toBe(403)
  expect((await api.call('POST', '/api/v1/secrets/A', {token, body: {value: 'x'}})).status).toBe(403)
})
