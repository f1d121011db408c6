import {setTimeout as delay} from 'node:timers/promises'
import {afterEach, expect, it} from 'vitest'
import {statusOf} from './support/raw-client.ts'
import {get, lastGet, ok, Scope, web} from './support/scope.ts'

const scope = new Scope()
afterEach(() => scope.close())

const hello = () => scope.httpBackend((_request, response) => response.end('hello'))

it('a head that trickles in is given up after its time', async () => {
  const edge = scope.edge({timeouts: {headMs: 200}})
  await edge.apply(web([await hello()]))
  const client = edge.connect()

  const trickle = setInterval(() => client.write('X: y\r\n'), 30)
  client.write('GET / HTTP/1.1\r\nHost: web.test\r\n')
  const answer = await client.readToEnd()
  clearInterval(trickle)

  expect(statusOf(answer)).toBe(408)
})

it('an idle connection is closed after its time, without a word', async () => {
  const edge = scope.edge({timeouts: {idleMs: 100, headMs: 400}})
  await edge.apply(web([await hello()]))
  const [fresh, used] = [edge.connect(), edge.connect()]
  used.write(get())
  await used.readUntil('hello')
  used.clear()

  expect(await fresh.readToEnd()).toBe('')
  expect(await used.readToEnd()).toBe('')
})

it('a slow answer is no idle connection', async () => {
  const edge = scope.edge({timeouts: {idleMs: 50, headMs: 50}})
  await edge.apply(web([await scope.httpBackend((_request, response) => setTimeout(() => response.end('slow'), 300))]))

  expect(await edge.talk(lastGet())).toContain('slow')
})

it('a target that never answers is given up, and the connection goes on', async () => {
  const edge = scope.edge({timeouts: {answerMs: 200}})
  const address = await scope.httpBackend((request, response) => {
    if (request.url === '/ok') response.end('hello')
  })
  await edge.apply(web([address]))
  const client = edge.connect()

  client.write(get('/hangs'))
  expect(statusOf(await client.readUntil('request id'))).toBe(504)
  expect(await edge.plane.drained(address, 0)).toBe(true)
  client.clear()
  client.write(get('/ok'))
  await client.readUntil('hello')
})

it('neither a slow upload, nor an answer that pauses, nor a word in between counts as silence', async () => {
  const edge = scope.edge({timeouts: {answerMs: 200}})
  const address = await scope.httpBackend((request, response) => {
    if (request.url === '/interim') {
      const beat = setInterval(() => response.writeProcessing(), 50)
      setTimeout(() => response.end('late'), 500)
      response.once('finish', () => clearInterval(beat))
    } else if (request.url === '/pause') {
      response.write('begun')
      setTimeout(() => response.end('late'), 500)
    } else request.resume().once('end', () => response.end('late'))
  })
  await edge.apply(web([address]))
  const upload = edge.connect()
  upload.write('POST /upload HTTP/1.1\r\nHost: web.test\r\nConnection: close\r\nContent-Length: 10\r\n\r\n')
  for (let sent = 0; sent < 10; sent++) setTimeout(() => upload.write('x'), sent * 60)

  const answers = await Promise.all([upload.readToEnd(), edge.talk(lastGet('/interim')), edge.talk(lastGet('/pause'))])

  for (const answer of answers) expect(answer).toContain('late')
})

it('a client that closed its side and gets nothing is given up', async () => {
  const edge = scope.edge({timeouts: {headMs: 100}})
  const address = await scope.httpBackend(() => undefined)
  await edge.apply(web([address]))
  const client = edge.connect()

  client.socket.end(get())
  await client.readToEnd()

  expect(await edge.plane.drained(address, 5_000)).toBe(true)
})

it('a client that is told goodbye and stays is cut off', async () => {
  const edge = scope.edge({timeouts: {lingerMs: 100}})
  await edge.apply(web([await hello()]))
  const client = edge.connect()
  client.write(lastGet())
  await client.readToEnd()

  const pushing = setInterval(() => client.write('x'.repeat(1_000)), 20)
  await client.closed
  clearInterval(pushing)
})

it('a slow reader holds up the backend, not the memory', async () => {
  const total = 400_000_000
  const chunk = Buffer.alloc(64 * 1024)
  let sent = 0
  const address = await scope.httpBackend((_request, response) => {
    response.writeHead(200, {'Content-Length': total})
    const push = () => {
      while (sent < total && response.write(chunk)) sent += chunk.length
    }
    response.on('drain', push)
    push()
  })
  const edge = scope.edge()
  await edge.apply(web([address]))
  const client = edge.connect()
  client.write(get())
  await client.readUntil('\r\n\r\n')
  client.socket.pause()

  await expect
    .poll(
      async () => {
        const before = sent
        await delay(100)
        return sent - before
      },
      {timeout: 10_000},
    )
    .toBe(0)

  expect(sent).toBeLessThan(40_000_000)
})

it('a client that takes nothing of its answer is given up', async () => {
  const edge = scope.edge({timeouts: {answerMs: 300}})
  const address = await scope.httpBackend((_request, response) => response.end(Buffer.alloc(50_000_000)))
  await edge.apply(web([address]))
  const client = edge.connect()
  client.write(lastGet())
  await client.readUntil('\r\n\r\n')

  client.socket.pause()

  expect(await edge.plane.drained(address, 10_000)).toBe(true)
  client.socket.resume()
  expect((await client.readToEnd()).length).toBeLessThan(50_000_000)
}, 20_000)

it('a client that takes its answer in small pieces gets it all', async () => {
  const size = 20_000_000
  const edge = scope.edge({timeouts: {answerMs: 300}})
  await edge.apply(web([await scope.httpBackend((_request, response) => response.end(Buffer.alloc(size)))]))
  const client = edge.connect()
  client.write(lastGet())
  client.socket.on('data', () => {
    client.socket.pause()
    setTimeout(() => client.socket.resume(), 2)
  })

  expect((await client.readToEnd()).length).toBeGreaterThan(size)
}, 30_000)

it('a slow backend holds up the upload, not the memory', async () => {
  const address = await scope.rawBackend((socket) => socket.pause())
  const edge = scope.edge()
  await edge.apply(web([address]))
  const client = edge.connect()
  client.write('POST / HTTP/1.1\r\nHost: web.test\r\nContent-Length: 1000000000\r\n\r\n')
  const chunk = Buffer.alloc(64 * 1024)
  let sent = 0
  const push = () => {
    while (sent < 400_000_000 && client.socket.write(chunk)) sent += chunk.length
  }
  client.socket.on('drain', push)
  push()

  await expect
    .poll(
      async () => {
        const before = sent
        await delay(100)
        return sent - before
      },
      {timeout: 10_000},
    )
    .toBe(0)

  expect(sent).toBeLessThan(40_000_000)
})

it.each([
  ['answers of a backend', get()],
  ['answers of our own', 'GET / HTTP/1.1\r\nHost: nobody\r\n\r\n'],
])('a client that asks and never reads %s is not read any further', async (_what, request) => {
  const edge = scope.edge()
  await edge.apply(
    web([await scope.rawBackend((socket) => socket.on('data', () => socket.write(ok('x'.repeat(5_000)))))]),
  )
  const client = edge.connect()
  client.socket.pause()
  const batch = request.repeat(2_000)
  let sent = 0
  const push = () => {
    while (sent < 300_000_000 && client.socket.write(batch)) sent += batch.length
  }
  client.socket.on('drain', push)
  push()

  await expect
    .poll(
      async () => {
        const before = sent
        await delay(200)
        return sent - before
      },
      {timeout: 20_000, interval: 10},
    )
    .toBe(0)

  expect(sent).toBeLessThan(100_000_000)
})

it('a thousand idle connections are no burden', async () => {
  const edge = scope.edge()
  await edge.apply(web([await hello()]))
  const clients = Array.from({length: 1_000}, () => edge.connect())
  await Promise.all(
    clients.map((client) => {
      client.write(get())
      return client.readUntil('hello')
    }),
  )

  expect(await edge.talk(lastGet())).toContain('hello')
  expect(clients.every((client) => !client.isEnded)).toBe(true)
})
