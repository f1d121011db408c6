import {afterEach, expect, it} from 'vitest'
import {mirror} from './support/edges.ts'
import {bodyOf} from './support/raw-client.ts'
import {get, lastGet, Scope} from './support/scope.ts'

const scope = new Scope()
afterEach(() => scope.close())

it('keeps what is end to end, byte by byte', async () => {
  const edge = await mirror(scope)
  const fields =
    'Cookie: a=b\r\ncookie: c=d\r\nX-Caf\u0065: \xe9\xff  spaces  \r\nAccept:\r\nAuthorization: Bearer x\r\n'

  const seen = bodyOf(await edge.talk(lastGet('/a%20b/../c?x=1&x=2', fields)))

  expect(seen.startsWith(`GET /a%20b/../c?x=1&x=2 HTTP/1.1\r\nHost: web.test\r\n${fields}`)).toBe(true)
})

it('loses what is meant for us only', async () => {
  const edge = await mirror(scope)

  const seen = bodyOf(
    await edge.talk(
      get(
        '/',
        'Connection: close, X-Secret-Hop, Content-Length, Host\r\nX-Secret-Hop: 1\r\nx-secret-hop: 2\r\nKeep-Alive: timeout=9\r\n' +
          'Proxy-Connection: keep-alive\r\nProxy-Authorization: Basic x\r\nProxy: evil:80\r\nUpgrade: h2c\r\nTE: gzip, trailers\r\nX-Kept: yes\r\n',
      ),
    ),
  )

  expect(seen).not.toMatch(/^(connection|x-secret-hop|keep-alive|proxy(-.*)?|upgrade):/im)
  expect(seen).toContain('\r\nTE: trailers\r\n')
  expect(seen).toContain('\r\nX-Kept: yes\r\n')
  expect(seen).toContain('\r\nHost: web.test\r\n')
})

it('says who asked, whatever the client claims', async () => {
  const edge = await mirror(scope)

  const seen = bodyOf(
    await edge.talk(
      lastGet(
        '/',
        'X-Forwarded-For: 6.6.6.6\r\nx-forwarded-proto: https\r\nX-FORWARDED-HOST: evil\r\nX-Forwarded-Port: 1\r\nForwarded: for=6.6.6.6\r\nX-Real-IP: 6.6.6.6\r\n',
      ),
    ),
  )

  expect(seen.match(/^(x-forwarded.*|forwarded.*|x-real-ip.*)$/gim)?.map((line) => line.trim())).toEqual([
    'X-Forwarded-Host: web.test',
    'X-Forwarded-For: 127.0.0.1',
    'X-Forwarded-Proto: http',
  ])
})

it('drops what a backend that takes _ for - would read as a name that matters', async () => {
  const edge = await mirror(scope)

  const seen = bodyOf(
    await edge.talk(
      lastGet(
        '/',
        'X_Forwarded_For: 6.6.6.6\r\nX-Real_IP: 6.6.6.6\r\nTransfer_Encoding: chunked\r\nContent_Length: 5\r\nX_Kept: yes\r\n',
      ),
    ),
  )

  expect(seen).not.toMatch(/6\.6\.6\.6|transfer|content/i)
  expect(seen).toContain('\r\nX_Kept: yes\r\n')
})

it.each([
  ['abc-123', true],
  ['a'.repeat(128), true],
  ['a'.repeat(129), false],
  ['a b', false],
  ['<script>', false],
  ['', false],
])('X-Request-Id %j passes: %s', async (id, passes) => {
  const edge = await mirror(scope)

  const ids = bodyOf(await edge.talk(lastGet('/', `X-Request-Id: ${id}\r\n`))).match(/^x-request-id: .*$/gim)

  expect(ids).toHaveLength(1)
  expect(ids?.[0]?.trim() === `X-Request-Id: ${id}`).toBe(passes)
})

it('has an id of its own each time', async () => {
  const edge = await mirror(scope)
  const ids = new Set<string>()
  for (let count = 0; count < 3; count++) ids.add(/X-Request-Id: (\S+)/.exec(await edge.talk(lastGet()))?.[1] ?? '')

  expect(ids.size).toBe(3)
})
