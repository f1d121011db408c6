import {once} from 'node:events'
import {createServer, type Server} from 'node:https'
import {agentFor, createHttp, fingerprintOf, silentLogger} from '@omni-cli/sdk'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {createCertificate} from '../../src/client/certificate.ts'

describe('a pinned certificate', () => {
  // Signed by itself, for another name than the address, and over for years.
  const pem = createCertificate('somebody-else', new Date('2001-01-01T00:00:00Z'))
  const http = createHttp({log: silentLogger, baseMs: 1})
  const get = {method: 'GET', path: '/'} as const
  const asked: string[] = []
  let server: Server
  let url: string

  beforeAll(async () => {
    server = createServer({key: pem, cert: pem}, (request, response) => {
      asked.push(String(request.headers.authorization))
      response.end('hello')
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    url = `https://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
  })
  afterAll(() => {
    server.closeAllConnections()
    server.close()
  })

  it.each([
    ['in PEM', pem],
    ['as its fingerprint', fingerprintOf(pem)],
    ['as a fingerprint with colons', (fingerprintOf(pem).toUpperCase().match(/../g) ?? []).join(':')],
  ])('%s is all that counts', async (_, pin) => {
    expect((await http.request({url, tls: {pin}}, get)).text).toBe('hello')
  })

  it('is compared on each connection', async () => {
    const target = {url, tls: {pin: pem}}
    for (let count = 0; count < 4; count++) {
      expect((await http.request(target, {...get, headers: {connection: 'close'}})).status).toBe(200)
    }
    const parallel = await Promise.all(Array.from({length: 4}, () => http.request(target, get)))
    expect(parallel.map(({status}) => status)).toEqual([200, 200, 200, 200])
  })

  it('that is another one ends it before anything is sent', async () => {
    asked.length = 0
    const target = {url, token: 'secret', tls: {pin: 'ab'.repeat(32)}}
    await expect(http.request(target, get)).rejects.toMatchObject({
      code: 'UNAUTHORIZED',
      details: {expected: 'ab'.repeat(32), found: fingerprintOf(pem)},
    })
    expect(asked).toEqual([])
  })

  it('is compared for requests of other libraries too', async () => {
    const {request} = process.getBuiltinModule('node:https')
    const agent = agentFor({url, tls: {pin: 'ab'.repeat(32)}})
    const outgoing = request(url, {agent})
    outgoing.end()
    const [error] = await once(outgoing, 'error')
    agent.destroy()

    expect(error).toMatchObject({code: 'UNAUTHORIZED'})
  })

  it('without one the authority decides', async () => {
    await expect(http.request({url}, get)).rejects.toMatchObject({code: 'UNAVAILABLE'})
  })

  it('a server that is away is unavailable', async () => {
    await expect(http.request({url: 'https://127.0.0.1:1', tls: {pin: pem}}, get)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    })
  })
})
