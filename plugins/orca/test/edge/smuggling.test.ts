import {afterEach, describe, expect, it} from 'vitest'
import {ChunkedBody} from '../../src/edge/http/chunked-body.ts'
import {MALFORMED_CHUNKS, MALFORMED_HEADS} from './malformed-heads.ts'
import {statusOf} from './support/raw-client.ts'
import {get, lastGet, ok, Scope, web} from './support/scope.ts'

const scope = new Scope()
afterEach(() => scope.close())

/** An edge before a backend that counts what reaches it. */
async function countingEdge() {
  const seen: string[] = []
  const address = await scope.rawBackend((socket) => {
    socket.setEncoding('latin1')
    socket.on('data', (text) => {
      seen.push(String(text))
      socket.write(ok('hello'))
    })
  })
  const edge = scope.edge()
  await edge.apply(web([address]))
  return {edge, seen}
}

describe('a malformed request is refused and never reaches a backend', () => {
  it.each(MALFORMED_HEADS)('%s', async (_what, head, status) => {
    const {edge, seen} = await countingEdge()

    const answer = await edge.talk(`${head}GET /smuggled HTTP/1.1\r\nHost: web.test\r\n\r\n`)

    expect(statusOf(answer)).toBe(status)
    expect(answer).toContain('\r\nConnection: close\r\n')
    expect(answer.match(/^HTTP\/1\.1 /gm)).toHaveLength(1)
    expect(seen).toEqual([])
  })

  it('a well-formed one passes', async () => {
    const {edge, seen} = await countingEdge()

    expect(statusOf(await edge.talk(lastGet('/')))).toBe(200)
    expect(seen).toHaveLength(1)
  })

  it('the limits themselves are allowed', async () => {
    const {edge} = await countingEdge()
    const fields = 'A: b\r\n'.repeat(198)

    expect(statusOf(await edge.talk(lastGet(`/${'a'.repeat(16_000)}`)))).toBe(200)
    expect(statusOf(await edge.talk(lastGet('/', fields)))).toBe(200)
    expect(statusOf(await edge.talk(lastGet('/', `X-Pad: ${'a'.repeat(60_000)}\r\n`)))).toBe(200)
  })

  it('an unfinished head that cannot become good is refused at once', async () => {
    const {edge} = await countingEdge()

    expect(statusOf(await edge.talk('GET / HTTP/1.1\nHost: web.test\n\n'))).toBe(400)
    expect(statusOf(await edge.talk(`GET /${'a'.repeat(20_000)}`))).toBe(414)
    expect(statusOf(await edge.talk(`GET / HTTP/1.1\r\nX: ${'a'.repeat(70_000)}`))).toBe(431)
  })
})

describe('malformed chunks end the connection', () => {
  const head = 'POST / HTTP/1.1\r\nHost: web.test\r\nTransfer-Encoding: chunked\r\n\r\n'

  it.each(MALFORMED_CHUNKS)('%s', async (_what, body) => {
    const seen: string[] = []
    const address = await scope.rawBackend((socket) => {
      socket.setEncoding('latin1')
      socket.on('data', (text) => seen.push(String(text)))
    })
    const edge = scope.edge()
    await edge.apply(web([address]))

    const answer = await edge.talk(head + body)

    expect(statusOf(answer)).toBe(400)
    expect(seen.join('')).not.toContain('secret')
  })

  it('also when they come after good ones', async () => {
    let isClosed = false
    const address = await scope.rawBackend((socket) => {
      socket.on('data', () => undefined)
      socket.on('end', () => {
        isClosed = true
      })
    })
    const edge = scope.edge()
    await edge.apply(web([address]))
    const client = edge.connect()

    client.write(`${head}5\r\nhello\r\n`)
    await expect.poll(() => edge.plane.stats()[0]?.inFlight).toBe(1)
    client.write('zz\r\n')

    expect(statusOf(await client.readToEnd())).toBe(400)
    await expect.poll(() => isClosed).toBe(true)
  })
})

describe('chunked framing', () => {
  const whole = '5;name=value\r\nhello\r\n00A\r\n0123456789\r\n0\r\nX-Sum: 15\r\n\r\n'

  it('ends at the same byte however the bytes are cut', () => {
    const bytes = Buffer.from(`${whole}NEXT`)
    for (let cut = 0; cut <= whole.length; cut++) {
      const body = new ChunkedBody([])
      const first = body.take(bytes.subarray(0, cut), 0)
      const second = body.isDone ? 0 : body.take(bytes.subarray(cut), 0)

      expect(first + second).toBe(whole.length)
      expect(Buffer.concat(body.payload ?? []).toString()).toBe('hello0123456789')
    }
  })

  it('is followed byte by byte', () => {
    const body = new ChunkedBody()
    for (const byte of Buffer.from(whole)) {
      expect(body.isDone).toBe(false)
      expect(body.take(Buffer.of(byte), 0)).toBe(1)
    }
    expect(body.isDone).toBe(true)
  })
})

describe('what a backend may not do', () => {
  const answers: readonly (readonly [string, string])[] = [
    [
      'Content-Length and Transfer-Encoding',
      'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nhello',
    ],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello'],
    ['a bare LF', 'HTTP/1.1 200 OK\nContent-Length: 5\r\n\r\nhello'],
    ['a folded field', 'HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 5\r\n\r\nhello'],
    ['no HTTP', 'SSH-2.0-OpenSSH_9.2\r\n\r\n'],
    ['a status of two digits', 'HTTP/1.1 20 OK\r\n\r\n'],
    ['a header over 64 KiB', `HTTP/1.1 200 OK\r\nX: ${'a'.repeat(70_000)}\r\n\r\n`],
    [
      'a switch nobody asked for',
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
    ],
  ]

  it.each(answers)('%s becomes a 502', async (_what, answer) => {
    const address = await scope.rawBackend((socket) => socket.on('data', () => socket.write(answer, 'latin1')))
    const edge = scope.edge()
    await edge.apply(web([address]))

    expect(statusOf(await edge.talk(lastGet()))).toBe(502)
  })

  it('bytes after its answer are not taken for the next one', async () => {
    const address = await scope.rawBackend((socket) =>
      socket.on('data', () => socket.write(`${ok('right')}${ok('wrong')}`)),
    )
    const edge = scope.edge()
    await edge.apply(web([address]))
    const client = edge.connect()

    for (let count = 0; count < 3; count++) {
      client.clear()
      client.write(get())
      expect(await client.readUntil('right')).not.toContain('wrong')
    }
  })
})
