import {once} from 'node:events'
import {mkdtemp} from 'node:fs/promises'
import {createServer, type IncomingMessage, type Server, type ServerResponse} from 'node:http'
import {createServer as createTcpServer} from 'node:net'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {Readable} from 'node:stream'
import {createHttp, type Logger, silentLogger} from '@omni-cli/sdk'
import nock from 'nock'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'

type Handler = (request: IncomingMessage, response: ServerResponse) => void

const servers: {close(): void; closeAllConnections?(): void}[] = []

async function serve(handler: Handler, listen: string | number = 0): Promise<{url: string; server: Server}> {
  const server = createServer(handler)
  servers.push(server)
  if (typeof listen === 'string') server.listen(listen)
  else server.listen(listen, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const url = typeof address === 'object' && address !== null ? `http://127.0.0.1:${address.port}` : `unix:${listen}`
  return {url, server}
}

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections?.()
    server.close()
  }
})

const http = createHttp({log: silentLogger, baseMs: 1})

const echo: Handler = async (request, response) => {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  const {method, url, headers} = request
  response.setHeader('x-answer', 'yes')
  response.end(JSON.stringify({method, url, headers, body: Buffer.concat(chunks).toString()}))
}

describe('requests', () => {
  it('sends method, path, headers, token and JSON, and gives any answer', async () => {
    const {url} = await serve(echo)
    const request = {method: 'POST', path: '/a%20b?c=1', json: {x: 'ü'}, headers: {'x-mine': '1'}} as const
    const answer = await http.request({url: `${url}/prefix/`, token: 'tok'}, request)

    expect(answer.status).toBe(200)
    expect(answer.headers['x-answer']).toBe('yes')
    expect(JSON.parse(answer.text)).toMatchObject({
      method: 'POST',
      url: '/prefix/a%20b?c=1',
      headers: {authorization: 'Bearer tok', 'content-type': 'application/json', 'x-mine': '1', 'content-length': '10'},
      body: '{"x":"ü"}',
    })
  })

  it('works over a Unix socket and sends a stream', async () => {
    const {url} = await serve(echo, join(await mkdtemp(join(tmpdir(), 'omni-http-')), 's.sock'))
    const body = Readable.from([Buffer.from('one '), Buffer.from('two')])
    const answer = await http.request({url}, {method: 'PUT', path: '/x', body})

    expect(JSON.parse(answer.text)).toMatchObject({
      method: 'PUT',
      body: 'one two',
      headers: {'transfer-encoding': 'chunked'},
    })
  })

  it('uses one connection for many requests', async () => {
    let connections = 0
    const {url, server} = await serve((_, response) => response.end('ok'))
    server.on('connection', () => connections++)
    for (let count = 0; count < 5; count++) await http.request({url}, {method: 'GET', path: '/'})

    expect(connections).toBe(1)
  })

  it('does not wait longer than told for the whole answer', async () => {
    const {url} = await serve((_, response) => response.write('half'))

    await expect(http.request({url}, {method: 'GET', path: '/'}, {timeoutMs: 50})).rejects.toMatchObject({
      code: 'TIMEOUT',
    })
  })

  it('ends with ABORTED before anything is sent, and in the middle', async () => {
    let requests = 0
    const controller = new AbortController()
    const {url} = await serve(() => {
      requests++
      controller.abort()
    })
    const request = {method: 'GET', path: '/'} as const

    await expect(http.request({url}, request, {signal: AbortSignal.abort()})).rejects.toMatchObject({code: 'ABORTED'})
    expect(requests).toBe(0)
    await expect(http.request({url}, request, {signal: controller.signal})).rejects.toMatchObject({code: 'ABORTED'})
  })
})

describe('connections that fail', () => {
  it('says that nothing listens, without the credentials of the address', async () => {
    const {url, server} = await serve(echo)
    server.close()
    const target = {url: url.replace('http://', 'http://me:sekrit@')}
    const failed = http.request(target, {method: 'POST', path: '/'})

    await expect(failed).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('nothing listens there'),
    })
    await expect(failed).rejects.not.toThrow('sekrit')
  })

  it('refuses an address that is none', async () => {
    for (const url of ['ftp://x', 'x', '']) {
      await expect(http.request({url}, {method: 'GET', path: '/'})).rejects.toMatchObject({code: 'CONFIG_INVALID'})
    }
  })

  it('tries a GET again when the connection is cut, and nothing else', async () => {
    const seen: string[] = []
    const server = createTcpServer((socket) => {
      socket.once('data', (data) => {
        seen.push(data.toString().split(' ')[0] ?? '')
        if (seen.length < 3) socket.destroy()
        else socket.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')
      })
    })
    servers.push(server)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    const target = {url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`}

    await expect(http.request(target, {method: 'DELETE', path: '/'})).rejects.toMatchObject({code: 'UNAVAILABLE'})
    await expect(http.request(target, {method: 'GET', path: '/'})).resolves.toMatchObject({status: 200, text: 'ok'})
    expect(seen).toEqual(['DELETE', 'GET', 'GET'])
  })

  it('logs what it does and no secret', async () => {
    const lines: string[] = []
    const log: Logger = {debug: (message, fields) => lines.push(`${message} ${JSON.stringify(fields)}`)}
    const {url} = await serve(echo)
    const target = {url: url.replace('http://', 'http://me:sekrit@'), token: 'sekrit'}
    await createHttp({log}).request(target, {method: 'GET', path: '/x?token=sekrit'})

    expect(lines).toHaveLength(1)
    expect(lines[0]).toContain('"status":200')
    expect(lines.join()).not.toContain('sekrit')
  })
})

describe('streams', () => {
  it('gives the answer as it comes', async () => {
    const {url} = await serve((_, response) => {
      response.write('one')
      setTimeout(() => response.end('two'), 20)
    })
    const stream = await http.stream({url}, {method: 'GET', path: '/'})
    const chunks: string[] = []
    for await (const chunk of stream.body) chunks.push(chunk.toString())

    expect(stream.status).toBe(200)
    expect(chunks).toEqual(['one', 'two'])
  })

  it('ends with ABORTED when the signal is aborted, and closes the connection', async () => {
    const closed = Promise.withResolvers<void>()
    const controller = new AbortController()
    const {url} = await serve((request, response) => {
      request.on('close', () => closed.resolve())
      response.write('one')
    })
    const stream = await http.stream({url}, {method: 'GET', path: '/'}, {signal: controller.signal})
    const read = async () => {
      for await (const _ of stream.body) controller.abort()
    }

    await expect(read()).rejects.toMatchObject({code: 'ABORTED'})
    await closed.promise
  })

  it('closes the connection when the reader stops', async () => {
    const closed = Promise.withResolvers<void>()
    const {url} = await serve((request, response) => {
      request.on('close', () => closed.resolve())
      response.write('one')
    })
    const stream = await http.stream({url}, {method: 'GET', path: '/'})
    for await (const _ of stream.body) break

    await closed.promise
  })

  it('says that the server has gone in the middle', async () => {
    const {url} = await serve((_, response) => {
      response.write('one')
      setTimeout(() => response.destroy(), 20)
    })
    const stream = await http.stream({url}, {method: 'GET', path: '/'})

    await expect(Array.fromAsync(stream.body)).rejects.toMatchObject({code: 'UNAVAILABLE'})
  })
})

describe('answers that say to come back later', () => {
  beforeEach(() => nock.disableNetConnect())
  afterEach(() => {
    nock.cleanAll()
    nock.restore()
    nock.activate()
    nock.enableNetConnect()
  })

  it.each([
    {status: 429, after: '0', calls: 2, end: 200},
    {status: 503, after: '0', calls: 2, end: 200},
    {status: 503, after: new Date(0).toUTCString(), calls: 2, end: 200},
    {status: 503, after: undefined, calls: 1, end: 503},
    {status: 503, after: 'soon', calls: 1, end: 503},
    {status: 503, after: '3600', calls: 1, end: 503},
    {status: 500, after: '0', calls: 1, end: 500},
  ])('$status with Retry-After $after: $calls calls', async ({status, after, calls, end}) => {
    let made = 0
    nock('http://api.test')
      .post('/x', {a: 1})
      .times(2)
      .reply(() => (++made === 1 ? [status, '', after === undefined ? {} : {'retry-after': after}] : [200, 'ok']))
    const answer = await http.request({url: 'http://api.test'}, {method: 'POST', path: '/x', json: {a: 1}})

    expect(answer.status).toBe(end)
    expect(made).toBe(calls)
  })

  it('gives the last answer after three calls', async () => {
    let made = 0
    nock('http://api.test')
      .get('/x')
      .times(9)
      .reply(() => {
        made++
        return [503, 'busy', {'retry-after': '0'}]
      })

    await expect(http.request({url: 'http://api.test'}, {method: 'GET', path: '/x'})).resolves.toMatchObject({
      status: 503,
    })
    expect(made).toBe(3)
  })

  it('does not send a stream twice', async () => {
    nock('http://api.test').post('/x').reply(503, 'busy', {'retry-after': '0'})
    const body = Readable.from([Buffer.from('x')])

    const answer = await http.request({url: 'http://api.test'}, {method: 'POST', path: '/x', body})
    expect(answer.status).toBe(503)
  })
})
