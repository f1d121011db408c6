import {Readable} from 'node:stream'
import {setTimeout as delay} from 'node:timers/promises'
import {describe, expect, it} from 'vitest'
import {readEnd} from '../../src/client/streams/exit-status.ts'
import {exited, frame, pod, startServer, success} from './api-server.ts'

const V4 = 'v4.channel.k8s.io'

describe('exec over a websocket', () => {
  it('gives both outputs and the exit code, and asks for what it needs', async () => {
    const urls: string[] = []
    await using server = await startServer(async ({request, accept}) => {
      urls.push(request.url ?? '')
      const socket = await accept(V4)
      for (const one of [frame(1, ''), frame(1, 'out'), frame(2, 'err'), frame(3, exited(7))]) socket.send(one)
    })
    const told: string[] = []

    const end = await server.streams.exec(pod, ['sh', '-c', 'a b'], {
      container: 'main',
      onStdout: (chunk) => told.push(`1${chunk}`),
      onStderr: (chunk) => told.push(`2${chunk}`),
    })

    expect(end).toEqual({exitCode: 7})
    expect(told).toEqual(['1out', '2err'])
    expect(urls).toEqual([
      '/api/v1/namespaces/ml/pods/llama-0/exec?command=sh&command=-c&command=a+b&container=main&stdin=false&stdout=true&stderr=true&tty=false',
    ])
  })

  it('takes one piece after the other: a slow listener is waited for, also at the end', async () => {
    await using server = await startServer(async ({accept}) => {
      const socket = await accept(V4)
      for (let index = 0; index < 50; index++) socket.send(frame(1, String(index)))
      socket.send(frame(3, success))
    })
    let running = 0
    let most = 0
    const taken: string[] = []

    const end = await server.streams.exec(pod, ['x'], {
      async onStdout(chunk) {
        most = Math.max(most, ++running)
        await delay(1)
        running--
        taken.push(String(chunk))
      },
    })

    expect(end.exitCode).toBe(0)
    expect(most).toBe(1)
    expect(taken).toEqual(Array.from({length: 50}, (_, index) => String(index)))
  })

  it.each([
    ['is cut', (socket: {terminate(): void}) => socket.terminate()],
    ['ends as if all were well', (socket: {close(code: number): void}) => socket.close(1000)],
  ])('a connection that %s before the end of the program is no success', async (_, end) => {
    await using server = await startServer(async ({accept}) => {
      const socket = await accept(V4)
      socket.send(frame(1, 'half'), () => end(socket))
    })

    await expect(server.streams.exec(pod, ['x'])).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining("the connection to the pod 'llama-0' was lost before the end"),
    })
  })
})

describe('exec that ends early', () => {
  it('what a listener throws ends it', async () => {
    await using server = await startServer(async ({accept}) => (await accept(V4)).send(frame(1, 'x')))
    const onStdout = () => {
      throw new Error('nobody reads')
    }
    await expect(server.streams.exec(pod, ['x'], {onStdout})).rejects.toThrow('nobody reads')
  })

  it('an interruption closes the connection and says that the program may go on', async () => {
    const closed = Promise.withResolvers<void>()
    const control = new AbortController()
    await using server = await startServer(async ({accept}) => {
      const socket = await accept(V4)
      socket.once('close', closed.resolve)
      socket.send(frame(1, 'begun'))
    })
    const onStdout = () => control.abort()

    const running = server.streams.exec(pod, ['x'], {signal: control.signal, onStdout})
    await expect(running).rejects.toMatchObject({code: 'ABORTED', message: expect.stringContaining('may still run')})
    await closed.promise
  })
})

describe('exec with an input', () => {
  it('with v5 the program is told the end of its input', async () => {
    const came: string[] = []
    const offered: unknown[] = []
    await using server = await startServer(async ({request, accept}) => {
      offered.push(request.headers['sec-websocket-protocol'])
      const socket = await accept('v5.channel.k8s.io')
      socket.on('message', (data: Buffer) => {
        came.push(data.toString('latin1'))
        if (data[0] === 255) socket.send(frame(3, success))
      })
    })

    await server.streams.exec(pod, ['cat'], {stdin: Readable.from([Buffer.from('ab'), Buffer.from('c')])})

    expect(came).toEqual(['\u0000ab', '\u0000c', '\u00ff\u0000'])
    // Over v4 the program would wait for ever.
    expect(offered).toEqual(['v5.channel.k8s.io'])
  })

  it('a terminal has sizes, and an input even when nothing is given', async () => {
    const came: string[] = []
    await using server = await startServer(async ({request, accept}) => {
      expect(request.url).toContain('stdin=true&stdout=true&stderr=false&tty=true')
      const socket = await accept(V4)
      socket.on('message', (data: Buffer) => {
        if (came.push(data.toString()) === 2) socket.send(frame(3, success))
      })
    })
    const terminal = {
      size: {columns: 80, rows: 24},
      onResize(listener: (size: {columns: number; rows: number}) => void) {
        setTimeout(() => listener({columns: 100, rows: 30}), 5)
        return () => undefined
      },
    }

    await server.streams.exec(pod, ['sh'], {terminal})

    expect(came).toEqual(['\u0004{"Width":80,"Height":24}', '\u0004{"Width":100,"Height":30}'])
  })
})

describe('exec that is refused', () => {
  it('is asked for in SPDY, for which roles give another right; its answer is told', async () => {
    const methods: unknown[] = []
    await using server = await startServer(({request, refuse}) => {
      methods.push([request.method, request.headers.upgrade])
      if (request.method === 'GET') refuse(403, 'cannot get resource "pods/exec"')
      else refuse(404, 'pods "llama-0" not found')
    })

    await expect(server.streams.exec(pod, ['x'])).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: 'pods "llama-0" not found',
    })
    expect(methods).toEqual([
      ['GET', 'websocket'],
      ['POST', 'SPDY/3.1'],
    ])
  })

  it('for its credentials, it is asked for once more with new ones', async () => {
    await using server = await startServer(async ({request, accept, refuse}) => {
      if (request.headers.authorization === 'Bearer old') refuse(401, 'Unauthorized')
      else (await accept(V4)).send(frame(3, success))
    })

    expect(await server.streams.exec(pod, ['x'])).toEqual({exitCode: 0})
    expect(server.asked).toEqual([false, true])
  })

  it('because the server is too busy, it waits as the server says', async () => {
    let asked = 0
    await using server = await startServer(async ({accept, refuse}) => {
      if (++asked <= 2) refuse(429, 'slow down', 'retry-after: 0\r\n')
      else (await accept(V4)).send(frame(3, success))
    })

    expect(await server.streams.exec(pod, ['x'])).toEqual({exitCode: 0})
    expect(asked).toBe(3)
  })

  it('no server at all is UNAVAILABLE', async () => {
    const server = await startServer(() => undefined)
    await server[Symbol.asyncDispose]()
    await expect(server.streams.exec(pod, ['x'])).rejects.toMatchObject({code: 'UNAVAILABLE'})
  })
})

const failure = (message: string) => JSON.stringify({status: 'Failure', reason: 'InternalError', message})

describe('the end of a program', () => {
  it.each([
    [success, {exitCode: 0}],
    [exited(137), {exitCode: 137}],
    [
      failure('x: exec: "go": executable file not found in $PATH: unknown'),
      {exitCode: 127, note: '"go": executable file not found in $PATH'},
    ],
    [failure('x: exec: "/etc": permission denied: unknown'), {exitCode: 126, note: '"/etc": permission denied'}],
  ])('%s', (text, end) => {
    expect(readEnd(text)).toEqual(end)
  })

  it.each([failure('container not running'), 'garbage', '[]', '{"status":"Failure"}'])(
    '%s is not taken for an exit',
    (text) => {
      expect(() => readEnd(text)).toThrow(expect.objectContaining({code: 'UNAVAILABLE'}))
    },
  )
})
