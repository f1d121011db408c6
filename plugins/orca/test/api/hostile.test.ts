import {createServer, type IncomingMessage} from 'node:http'
import {type AddressInfo, connect} from 'node:net'
import type {FastifyRequest} from 'fastify'
import {afterEach, beforeEach, expect, it, vi} from 'vitest'
import {readBody} from '../../src/server/api/body.ts'
import {serveApi} from './serve.ts'

let api: Awaited<ReturnType<typeof serveApi>>
beforeEach(async () => {
  api = await serveApi()
})
afterEach(() => api.close())

/** Sends raw bytes and resolves with the answer when the server ends the connection or the head is complete. */
const raw = (...chunks: (string | Buffer)[]) => {
  const socket = connect(api.port, '127.0.0.1')
  for (const chunk of chunks) socket.write(chunk)
  return new Promise<string>((resolve, reject) => {
    let text = ''
    socket.on('error', reject)
    socket.on('close', () => resolve(text))
    socket.on('data', (data) => {
      text += data
      if (text.includes('\r\n\r\n')) socket.destroy()
    })
  })
}

const AUTH = 'Authorization: Bearer owner-token\r\n'

it('refuses a doubled Authorization header, even when both are right', async () => {
  const answer = await raw(`GET /api/v1/status HTTP/1.1\r\nHost: x\r\n${AUTH}${AUTH}\r\n`)
  expect(answer).toMatch(/^HTTP\/1\.1 401 /)
})

it('tells a sender why its upload was broken off', async () => {
  api.control.isDiskFull = true
  const answer = await raw(
    `PUT /api/v1/artifacts/sha256:${'a'.repeat(64)} HTTP/1.1\r\nHost: x\r\n${AUTH}Content-Length: 104857600\r\n\r\n`,
    Buffer.alloc(100_000),
  )
  expect(answer).toMatch(/^HTTP\/1\.1 500 /)
})

it('tells a sender that its upload is too slow', async () => {
  vi.useFakeTimers({toFake: ['setInterval', 'clearInterval']})
  const answer = raw(
    `PUT /api/v1/artifacts/sha256:${'a'.repeat(64)} HTTP/1.1\r\nHost: x\r\n${AUTH}Content-Length: 1000000\r\n\r\n`,
    Buffer.alloc(70_000),
  )
  await expect.poll(() => api.control.received).toBeGreaterThanOrEqual(70_000)
  vi.advanceTimersByTime(60_000)
  vi.useRealTimers()
  expect(await answer).toMatch(/^HTTP\/1\.1 408 /)
})

it('refuses a body of 100 MB by its length, without waiting for it', async () => {
  const answer = await raw(
    `POST /api/v1/deploy HTTP/1.1\r\nHost: x\r\n${AUTH}Content-Type: application/json\r\nContent-Length: 104857600\r\n\r\n`,
  )
  expect(answer).toMatch(/^HTTP\/1\.1 413 /)
})

it('refuses an endless body as soon as it is too long', async () => {
  const chunk = Buffer.alloc(512 * 1024, ' ')
  const framed = Buffer.concat([Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from('\r\n')])
  const answer = await raw(
    `POST /api/v1/deploy HTTP/1.1\r\nHost: x\r\n${AUTH}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`,
    ...Array.from({length: 6}, () => framed),
  )
  expect(answer).toMatch(/^HTTP\/1\.1 413 /)
})

it('lets a client that sends 100 MB read the refusal', async () => {
  const answer = await api.call('POST', '/api/v1/deploy', {body: Buffer.alloc(100 * 1024 * 1024, ' ')})
  expect([answer.status, answer.text]).toEqual([413, 'Failed to buffer the request body: length limit exceeded'])
})

it('refuses a stranger before it reads the body', async () => {
  const answer = await raw(
    'POST /api/v1/deploy HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 104857600\r\n\r\n{',
  )
  expect(answer).toMatch(/^HTTP\/1\.1 401 /)
})

it('refuses a head that is too long', async () => {
  const answer = await raw(`GET /api/v1/health HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(40_000)}\r\n\r\n`)
  expect(answer).toMatch(/^HTTP\/1\.1 431 /)
})

it.each([
  ['deep nesting', `{"services":${'['.repeat(500_000)}`],
  ['no UTF-8', Buffer.from([0x7b, 0xff, 0xfe, 0x7d])],
])('survives %s', async (_name, body) => {
  expect((await api.call('POST', '/api/v1/deploy', {body})).status).toBe(400)
  expect((await api.call('GET', '/api/v1/health')).status).toBe(200)
})

it('does not mistake __proto__ for a field', async () => {
  const body = '{"services":[{"name":"web","image":"x","__proto__":{"replicas":9},"constructor":1}]}'
  expect((await api.call('POST', '/api/v1/deploy', {body})).status).toBe(200)
  expect(api.control.services.get('web')?.desiredReplicas).toBe(1)
})

it('cuts a body that does not arrive in time, however busy it keeps the line', async () => {
  const outcome = Promise.withResolvers<unknown>()
  const server = createServer((raw: IncomingMessage) => {
    const request = {headers: raw.headers, raw} as FastifyRequest
    readBody(request, {deadlineMs: 150}).then(outcome.resolve, outcome.reject)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n')
  const drip = setInterval(() => socket.write('x'), 20)
  try {
    await expect(outcome.promise).rejects.toMatchObject({status: 408})
  } finally {
    clearInterval(drip)
    socket.destroy()
    server.close()
  }
})
