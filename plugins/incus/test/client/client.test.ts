import {OmniError, poll} from '@omni-cli/sdk'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {z} from 'zod'
import {explainFailure, pathOf} from '../../src/client/transport.ts'
import {type FakeDaemon, fail, send, startFakeDaemon, succeed} from './fake-daemon.ts'

let daemon: FakeDaemon

beforeEach(async () => {
  daemon = await startFakeDaemon()
})
afterEach(() => daemon.close())

const list = {method: 'GET', path: '/instances'} as const
const names = z.array(z.string())

describe('the path of a request', () => {
  it.each([
    [{path: '/instances'}, 'default', '/1.0/instances'],
    [{path: ''}, 'default', '/1.0'],
    [{path: '/instances', query: {recursion: '2'}}, 'a b', '/1.0/instances?recursion=2&project=a+b'],
    [{path: '/instances', query: {'all-projects': 'true'}}, 'mine', '/1.0/instances?all-projects=true'],
    [{path: '/instances', query: {project: 'other'}}, 'mine', '/1.0/instances?project=other'],
    [{path: '/operations/1/wait'}, 'mine', '/1.0/operations/1/wait'],
    [{path: '/1.0/instances/web/logs/a'}, 'mine', '/1.0/instances/web/logs/a?project=mine'],
    [
      {path: '/instances/web/files', query: {path: '/a&b=ü'}},
      'default',
      '/1.0/instances/web/files?path=%2Fa%26b%3D%C3%BC',
    ],
  ])('%j in %s is %s', (request, project, expected) => {
    expect(pathOf(request, project)).toBe(expected)
  })
})

describe('an answer', () => {
  it('gives its value and etag', async () => {
    daemon.on('GET /1.0/instances', (_, response) => succeed(response, ['/1.0/instances/web']))
    const client = await daemon.open()

    expect(await client.fetch(names, list)).toEqual({value: ['/1.0/instances/web'], etag: 'abc'})
  })

  it.each([
    ['no JSON', '{"type":', 200],
    ['no envelope', '{"a":1}', 200],
    ['a page of something else', '<html>', 404],
    ['nothing', '', 500],
  ])('of %s is an error', async (_, text, status) => {
    daemon.on('GET /1.0/instances', (_request, response) => response.writeHead(status).end(text))
    const client = await daemon.open()

    const code = status === 404 ? 'NOT_FOUND' : 'UNAVAILABLE'
    await expect(client.fetch(names, list)).rejects.toMatchObject({code})
  })

  it('with values of another kind is an error that names the place', async () => {
    daemon.on('GET /1.0/instances', (_, response) => succeed(response, ['a', 5]))
    const client = await daemon.open()

    await expect(client.fetch(names, list)).rejects.toMatchObject({code: 'UNAVAILABLE', details: {path: '1'}})
  })

  it('that is an error in a successful answer is an error', async () => {
    daemon.on('GET /1.0/instances', (_, response) => fail(response, 500, 'Instance is running', 200))
    const client = await daemon.open()

    await expect(client.fetch(names, list)).rejects.toMatchObject({code: 'CONFLICT', message: 'Instance is running'})
  })

  it('that does not end is an error', async () => {
    daemon.on('GET /1.0/instances', (_, response) => {
      response.writeHead(200, {'content-length': 1000}).write('{"type"')
      setImmediate(() => response.destroy())
    })
    const client = await daemon.open()

    await expect(client.fetch(names, list)).rejects.toMatchObject({code: 'UNAVAILABLE'})
  })

  it('that is too large is refused', async () => {
    daemon.on('GET /1.0/instances', (_, response) => {
      const piece = Buffer.alloc(1024 * 1024, ' ')
      response.writeHead(200)
      for (let count = 0; count < 66; count++) response.write(piece)
      response.end()
    })
    const client = await daemon.open()

    await expect(client.fetch(names, list)).rejects.toMatchObject({code: 'IO'})
  })

  it('that never comes is given up by an abort', async () => {
    const controller = new AbortController()
    daemon.on('GET /1.0/instances', () => controller.abort())
    const client = await daemon.open()

    await expect(client.fetch(names, list, {signal: controller.signal})).rejects.toMatchObject({code: 'ABORTED'})
  })
})

describe('a change', () => {
  it('of something that has changed meanwhile is a conflict', async () => {
    let given: unknown
    daemon.on('PATCH /1.0/profiles/a', (request, response) => {
      given = request.headers['if-match']
      fail(response, 412, "ETag doesn't match: x vs y")
    })
    const client = await daemon.open()

    await expect(client.send({method: 'PATCH', path: '/profiles/a', json: {}, etag: 'y'})).rejects.toMatchObject({
      code: 'CONFLICT',
    })
    expect(given).toBe('y')
  })

  it('sends bytes as bytes, which Incus takes for a form otherwise', async () => {
    let type: unknown
    daemon.on('POST /1.0/instances/web/files', (request, response) => {
      type = request.headers['content-type']
      succeed(response, null)
    })
    const client = await daemon.open()
    await client.send({method: 'POST', path: '/instances/web/files', query: {path: '/x'}, body: Buffer.from('x')})

    expect(type).toBe('application/octet-stream')
  })
})

describe('bytes and headers', () => {
  it('a download that is refused says why', async () => {
    daemon.on('GET /1.0/instances/web/files', (_, response) => fail(response, 500, "VM agent isn't currently running"))
    const client = await daemon.open()
    const file = {method: 'GET', path: '/instances/web/files', query: {path: '/x'}} as const

    await expect(client.download(file)).rejects.toMatchObject({message: "VM agent isn't currently running"})
  })

  it('a download that is cut fails', async () => {
    daemon.on('GET /1.0/instances/web/files', (_, response) => {
      response.writeHead(200, {'content-length': 100_000}).write(Buffer.alloc(1_000))
      setImmediate(() => response.destroy())
    })
    const client = await daemon.open()
    const {body} = await client.download({method: 'GET', path: '/instances/web/files'})

    await expect(Array.fromAsync(body)).rejects.toMatchObject({code: 'UNAVAILABLE'})
  })

  it('headers of what is not there are undefined, and a refusal tells its text', async () => {
    const client = await daemon.open()
    expect(await client.head(list)).toBeUndefined()

    const refuse: Parameters<FakeDaemon['on']>[1] = (_, response) => fail(response, 400, 'Instance is not running')
    daemon.on('HEAD /1.0/instances', refuse)
    daemon.on('GET /1.0/instances', refuse)
    await expect(client.head(list)).rejects.toMatchObject({code: 'CONFLICT', message: 'Instance is not running'})
  })
})

describe('a project', () => {
  it('that is not there is told before anything is believed', async () => {
    daemon.on('GET /1.0/instances', (_, response) => succeed(response, []))
    const client = await daemon.open({project: 'nope'})
    const missing = {code: 'NOT_FOUND', message: expect.stringMatching(/has no project 'nope'/)}

    await expect(client.fetch(names, list)).rejects.toMatchObject(missing)
    await expect(client.find(names, list)).rejects.toMatchObject(missing)
    await expect(client.send({method: 'POST', path: '/instances'})).rejects.toMatchObject(missing)
    await expect(client.head(list)).rejects.toMatchObject(missing)
    await expect(client.download(list)).rejects.toMatchObject(missing)
    await expect(client.socket('/events', {})).rejects.toMatchObject(missing)
    expect(daemon.requests).not.toContain('POST /1.0/instances')
  })

  it('is asked for once', async () => {
    daemon.on('GET /1.0/projects/mine', (_, response) => succeed(response, {name: 'mine'}))
    daemon.on('GET /1.0/instances', (_, response) => succeed(response, []))
    const client = await daemon.open({project: 'mine'})
    await Promise.all([client.fetch(names, list), client.fetch(names, list), client.find(names, list)])

    expect(daemon.requests.filter((request) => request.includes('projects'))).toHaveLength(1)
    expect(await client.find(names, {method: 'GET', path: '/profiles/nope'})).toBeUndefined()
  })
})

describe('a server', () => {
  it('is asked once what it can do', async () => {
    daemon.on('GET /1.0', (_, response) => succeed(response, {auth: 'trusted', api_extensions: ['a'], environment: {}}))
    const client = await daemon.open()

    expect([await client.has('a'), await client.has('b')]).toEqual([true, false])
    expect(daemon.requests).toEqual(['GET /1.0'])
  })

  it('that does not trust us says what to do', async () => {
    daemon.on('GET /1.0', (_, response) => succeed(response, {auth: 'untrusted', api_extensions: []}))
    const client = await daemon.open()

    await expect(client.server()).rejects.toMatchObject({
      code: 'UNAUTHORIZED',
      hint: expect.stringMatching(/incus config trust add/),
    })
  })

  it('that is away is unavailable, for requests and websockets, and is asked again later', async () => {
    const client = await daemon.open()
    await daemon.close()
    const away = {code: 'UNAVAILABLE', message: expect.stringMatching(/^Incus at unix:.* does not answer: the socket/)}
    await expect(client.server()).rejects.toMatchObject(away)
    await expect(client.socket('/events', {})).rejects.toMatchObject({code: 'UNAVAILABLE'})
    await expect(client.upgrade('/instances/web/sftp', 'sftp')).rejects.toMatchObject({code: 'UNAVAILABLE'})
  })

  it('whose socket is for others names the group', () => {
    const cause = Object.assign(new Error('connect EACCES'), {code: 'EACCES'})
    const error = new OmniError('UNAVAILABLE', 'the server at unix:/s does not answer: denied', {cause})

    expect(explainFailure({url: 'unix:/s', project: 'default'}, error)).toMatchObject({
      code: 'UNAUTHORIZED',
      hint: expect.stringMatching(/incus-admin/),
    })
  })
})

describe('websockets', () => {
  it('a refused one says why', async () => {
    const client = await daemon.open()

    await expect(client.socket('/operations/x/websocket', {secret: 's'})).rejects.toMatchObject({code: 'USAGE'})
  })

  it('frames keep order and kind, and wait for their listener', async () => {
    daemon.onSocket('/1.0/events', (socket) => {
      socket.send('text')
      socket.send(Buffer.from('bytes'))
      socket.send('')
      socket.close()
    })
    const client = await daemon.open()
    const socket = await client.socket('/events', {})
    const seen: unknown[] = []
    let isBusy = false
    socket.onFrame(async (frame, isBinary) => {
      expect(isBusy).toBe(false)
      isBusy = true
      await new Promise(setImmediate)
      seen.push([String(frame), isBinary])
      isBusy = false
    })
    await socket.closed

    expect(seen).toEqual([
      ['text', false],
      ['bytes', true],
      ['', false],
    ])
  })

  it('a refused hand-over to another protocol says why', async () => {
    const client = await daemon.open()
    await expect(client.upgrade('/instances/web/sftp', 'sftp')).rejects.toMatchObject({code: 'USAGE'})
  })

  it('one that is being opened is given up by an abort', async () => {
    const controller = new AbortController()
    daemon.on('GET /1.0/projects/mine', () => undefined)
    const client = await daemon.open({project: 'mine'})
    const opening = client.socket('/events', {}, {signal: controller.signal})
    await poll({everyMs: 5, timeoutMs: 5_000}, () => daemon.requests.length === 1)
    controller.abort()

    await expect(opening).rejects.toMatchObject({code: 'ABORTED'})
  })
})

it('an answer with a status of its own kind keeps its text', async () => {
  daemon.on('GET /1.0/instances', (_, response) => send(response, 501, 'plain'))
  const client = await daemon.open()

  await expect(client.fetch(names, list)).rejects.toMatchObject({code: 'UNSUPPORTED'})
})

describe('a question that several wait for', () => {
  it('ends with the last of them, and is asked anew by the next one', async () => {
    let open = 0
    let isHung = true
    const answer: Parameters<FakeDaemon['on']>[1] = (_, response) => {
      if (!isHung) return succeed(response, {auth: 'trusted', api_extensions: []})
      open++
      response.once('close', () => open--)
    }
    daemon.on('GET /1.0', answer)
    const client = await daemon.open()
    const [first, second] = [new AbortController(), new AbortController()]
    const both = [client.server({signal: first.signal}), client.has('a', {signal: second.signal})]
    const outcome = Promise.allSettled(both)
    await poll({everyMs: 1, timeoutMs: 5_000}, async () => open === 1)
    first.abort()
    await expect(both[0]).rejects.toMatchObject({code: 'ABORTED'})
    expect(open).toBe(1)
    second.abort()
    await outcome
    await poll({everyMs: 1, timeoutMs: 5_000}, async () => open === 0)
    isHung = false
    expect(await client.has('a')).toBe(false)
    expect(daemon.requests).toEqual(['GET /1.0', 'GET /1.0'])
  })

  it('about its project ends as well', async () => {
    let open = 0
    daemon.on('GET /1.0/projects/mine', (_, response) => {
      open++
      response.once('close', () => open--)
    })
    const client = await daemon.open({project: 'mine'})
    const controller = new AbortController()
    const sent = client.send({method: 'POST', path: '/instances'}, {signal: controller.signal})
    await poll({everyMs: 1, timeoutMs: 5_000}, async () => open === 1)
    controller.abort()
    await expect(sent).rejects.toMatchObject({code: 'ABORTED'})
    await poll({everyMs: 1, timeoutMs: 5_000}, async () => open === 0)
  })
})
