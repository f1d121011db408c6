import {connect} from 'node:tls'
import {afterEach, beforeAll, expect, it} from 'vitest'
import {readClientHello} from '../../src/edge/proxy/client-hello.ts'
import {addressOf, Scope, web} from './support/scope.ts'
import {askSecurely, certificate, pemFolder, serve} from './support/tls.ts'

const scope = new Scope()
afterEach(() => scope.close())

/** What a client of Node says first. */
async function captureHello(servername?: string): Promise<Buffer> {
  const hello = Promise.withResolvers<Buffer>()
  const server = await scope.rawServer((socket) => socket.once('data', hello.resolve))
  const client = connect({
    port: Number(addressOf(server).split(':')[1]),
    host: '127.0.0.1',
    ...(servername === undefined ? {} : {servername}),
  })
  client.on('error', () => undefined)
  scope.add(() => client.destroy())
  return hello.promise
}

let hello: Buffer
beforeAll(async () => {
  hello = await captureHello('web.test')
})

it('the name is read when the message is whole, and not before', async () => {
  expect(readClientHello(hello)).toEqual({serverName: 'web.test'})
  for (let length = 1; length < hello.length; length++) expect(readClientHello(hello.subarray(0, length))).toBe('more')
  expect(readClientHello(await captureHello())).toEqual({serverName: undefined})
  expect(readClientHello(Buffer.from('GET / HTTP/1.1\r\n'))).toBe('other')
})

it('no bytes make it throw', () => {
  let seed = 1
  const next = (limit: number) => {
    seed = (seed * 48_271) % 2_147_483_647
    return seed % limit
  }
  for (let round = 0; round < 20_000; round++) {
    const bytes = Buffer.from(hello)
    for (let count = next(6); count >= 0; count--) bytes[next(bytes.length)] = next(256)
    bytes[0] = 22
    expect(() => readClientHello(bytes.subarray(0, next(bytes.length) + 1))).not.toThrow()
  }
})

it('a client that says hello and nothing more is let go in time', async () => {
  const edge = scope.edge({timeouts: {headMs: 200, lingerMs: 100}})
  const address = await scope.httpBackend((_request, response) => response.end('<web>'))
  await serve(edge, [certificate(pemFolder(scope), ['web.test'])], web([address]))
  const silent = Array.from({length: 50}, () => scope.client(edge.securePort))
  for (const client of silent) client.write(hello)

  expect(await askSecurely(scope, edge)).toContain('<web>')
  await Promise.all(silent.map((client) => client.readToEnd()))
})
