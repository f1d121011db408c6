import {duplexPair} from 'node:stream'
import {constants, inflateSync} from 'node:zlib'
import {describe, expect, it} from 'vitest'
import {openSpdy} from '../../src/client/streams/spdy.ts'

const uint32 = (value: number) => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}
const sized = (payload: Buffer, flags = 0) => Buffer.concat([uint32(payload.length | (flags << 24)), payload])
const dataFrame = (id: number, text: string, flags = 0) => Buffer.concat([uint32(id), sized(Buffer.from(text), flags)])
const controlFrame = (type: number, payload: Buffer) => Buffer.concat([uint32(0x80030000 + type), sized(payload)])

/** A connection whose other end is in our hands. */
function connect() {
  const [ours, theirs] = duplexPair()
  const got: Buffer[] = []
  theirs.on('data', (chunk: Buffer) => got.push(chunk))
  return {spdy: openSpdy(ours), theirs, sent: () => Buffer.concat(got)}
}

describe('SPDY', () => {
  it('streams have odd numbers and headers in one zlib stream', async () => {
    const {spdy, sent} = connect()

    await spdy.open({streamtype: 'error'}, {})
    const start = sent()
    await spdy.open({streamtype: 'data', port: '8080'}, {})
    const both = sent()

    const first = start.subarray(8)
    const second = both.subarray(start.length + 8)
    expect([start.readUInt32BE(0), start.readUIntBE(5, 3), first.readUInt32BE(0)]).toEqual([
      0x80030001,
      first.length,
      1,
    ])
    expect(second.readUInt32BE(0)).toBe(3)
    const blocks = Buffer.concat([first.subarray(10), second.subarray(10)])
    const text = inflateSync(blocks, {finishFlush: constants.Z_SYNC_FLUSH}).toString('latin1')
    expect(text).toContain('\u0000\u0000\u0000\u0001\u0000\u0000\u0000\nstreamtype\u0000\u0000\u0000\u0005error')
    expect(text).toContain('\u0000\u0000\u0000\u0004port\u0000\u0000\u0000\u00048080')
    spdy.close()
  })

  it('frames are put together from pieces of any size, and belong to their streams', async () => {
    const {spdy, theirs} = connect()
    const told: string[] = []
    const listener = (name: string) => ({
      onData: (chunk: Buffer) => told.push(`${name}:${chunk}`),
      onEnd: () => told.push(`${name} ends`),
    })
    await spdy.open({}, listener('a'))
    await spdy.open({}, listener('b'))

    const bytes = Buffer.concat([
      dataFrame(3, 'three'),
      dataFrame(1, 'one'),
      dataFrame(1, '', 1),
      dataFrame(9, 'nobody'),
    ])
    for (const byte of bytes) theirs.write(Buffer.from([byte]))
    theirs.end(controlFrame(7, Buffer.alloc(8)))
    await spdy.closed

    expect(told).toEqual(['b:three', 'a:one', 'a ends', 'b ends'])
  })
})

describe('listening to SPDY', () => {
  it('one piece is taken after the other', async () => {
    const {spdy, theirs} = connect()
    const gate = Promise.withResolvers<void>()
    const told: string[] = []
    await spdy.open(
      {},
      {
        async onData(chunk) {
          told.push(`begin ${chunk}`)
          if (told.length === 1) await gate.promise
          told.push(`end ${chunk}`)
        },
      },
    )

    theirs.end(Buffer.concat([dataFrame(1, 'x'), dataFrame(1, 'y')]))
    await new Promise((resolve) => setImmediate(resolve))
    expect(told).toEqual(['begin x'])
    gate.resolve()
    await spdy.closed

    expect(told).toEqual(['begin x', 'end x', 'begin y', 'end y'])
  })

  it('pings of the server are answered, a reset ends its stream', async () => {
    const {spdy, theirs, sent} = connect()
    const ends: string[] = []
    const stream = await spdy.open({}, {onEnd: () => void ends.push('end')})
    await stream.send(Buffer.from('hi'))
    await stream.end()
    const before = sent().length

    theirs.write(controlFrame(6, uint32(2)))
    theirs.end(controlFrame(3, Buffer.concat([uint32(1), uint32(5)])))
    await spdy.closed

    expect(ends).toEqual(['end'])
    expect(sent().subarray(before)).toEqual(controlFrame(6, uint32(2)))
    expect(sent().subarray(before - 18, before)).toEqual(Buffer.concat([dataFrame(1, 'hi'), dataFrame(1, '', 1)]))
  })
})
