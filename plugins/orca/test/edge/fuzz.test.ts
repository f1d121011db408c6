import {once} from 'node:events'
import fc from 'fast-check'
import {afterEach, expect, it} from 'vitest'
import {MALFORMED_CHUNKS, MALFORMED_HEADS} from './malformed-heads.ts'
import {get, lastGet, ok, Scope, web} from './support/scope.ts'

const scope = new Scope()
afterEach(() => scope.close())

const CHUNKED_POST = 'POST / HTTP/1.1\r\nHost: web.test\r\nTransfer-Encoding: chunked\r\n\r\n'

/** Whole conversations, good and bad, to be cut and damaged. */
const CONVERSATIONS = [
  get('/1') + lastGet('/2'),
  `${CHUNKED_POST}5\r\nhello\r\n0\r\nX-T: y\r\n\r\n${lastGet()}`,
  `POST / HTTP/1.1\r\nHost: web.test\r\nContent-Length: 5\r\n\r\nhello${get('/x', 'Connection: Upgrade\r\nUpgrade: websocket\r\n')}`,
  ...MALFORMED_HEADS.map(([, head]) => head).filter((head) => head.length < 1_000),
  ...MALFORMED_CHUNKS.map(([, body]) => CHUNKED_POST + body).filter((text) => text.length < 1_000),
]

const ANSWERS = [
  ok('hello'),
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
  'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n',
  'HTTP/1.0 200 OK\r\n\r\nuntil the end',
  'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nraw',
]

/** A text with some of its bytes replaced, in pieces. */
const damaged = (texts: readonly string[]) =>
  fc
    .tuple(
      fc.constantFrom(...texts),
      fc.array(fc.tuple(fc.double({min: 0, max: 0.999, noNaN: true}), fc.integer({min: 0, max: 255})), {maxLength: 3}),
      fc.array(fc.double({min: 0, max: 1, noNaN: true}), {maxLength: 3}),
    )
    .map(([text, changes, cuts]) => {
      const bytes = Buffer.from(text, 'latin1')
      for (const [place, byte] of changes) bytes[Math.floor(place * bytes.length)] = byte
      const marks = [0, ...cuts.map((cut) => Math.floor(cut * bytes.length)).toSorted((a, b) => a - b), bytes.length]
      return marks.slice(1).map((mark, index) => bytes.subarray(marks[index], mark))
    })

it('whatever bytes come from either side, the edge answers or closes, and forgets nothing that is under way', async () => {
  let parts: readonly Buffer[] = []
  const address = await scope.rawBackend((socket) =>
    socket.once('data', () => {
      for (const part of parts) socket.write(part)
      setTimeout(() => socket.end(), 5)
    }),
  )
  const edge = scope.edge({timeouts: {headMs: 50, idleMs: 50, lingerMs: 20, ejectMs: 1}})
  await edge.apply(web([address]))

  const talk = async (request: readonly Buffer[], answer: readonly Buffer[]) => {
    parts = answer
    const client = edge.connect()
    for (const piece of request) {
      client.write(piece)
      await new Promise(setImmediate)
    }
    client.socket.end()
    await client.readToEnd()
    client.socket.destroy()
  }
  await fc.assert(fc.asyncProperty(damaged(CONVERSATIONS), damaged(ANSWERS), talk), {numRuns: 300})

  await expect.poll(() => edge.plane.stats()[0]?.inFlight, {timeout: 5_000}).toBe(0)
  expect(await edge.plane.drained(address, 5_000)).toBe(true)
}, 60_000)

it('a conversation gives the same answers however its bytes are cut', async () => {
  const address = await scope.httpBackend(async (request, response) => {
    const body = await request.toArray()
    response.end(`<${request.method} ${request.url} ${body.join('')}>`)
  })
  const edge = scope.edge()
  await edge.apply(web([address]))
  const whole = Buffer.from(
    `${get('/1')}${CHUNKED_POST}5\r\nhello\r\n3;x\r\n...\r\n0\r\nX-T: y\r\n\r\nPUT /3 HTTP/1.1\r\nHost: web.test\r\nContent-Length: 4\r\n\r\nfour${lastGet('/4')}`,
  )

  for (let cut = 1; cut < whole.length; cut += 3) {
    const client = edge.connect()
    await once(client.socket, 'connect')
    client.write(whole.subarray(0, cut))
    await new Promise(setImmediate)
    client.write(whole.subarray(cut))

    const answers = await client.readToEnd()
    expect(answers.match(/<[^>]*>/g)).toEqual(['<GET /1 >', '<POST / hello...>', '<PUT /3 four>', '<GET /4 >'])
  }
})
