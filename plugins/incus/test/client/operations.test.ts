import {poll} from '@omni-cli/sdk'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import type {WebSocket} from 'ws'
import {openOperationEvents} from '../../src/client/operation-events.ts'
import {accept, FAILURE, type FakeDaemon, fail, operation, SUCCESS, startFakeDaemon, succeed} from './fake-daemon.ts'

let daemon: FakeDaemon

beforeEach(async () => {
  daemon = await startFakeDaemon()
})
afterEach(() => daemon.close())

const create = {method: 'POST', path: '/instances', json: {name: 'web'}} as const
const counted = (place: string) => daemon.requests.filter((request) => request === place).length

/** One operation `op`, which is as `state` says when it is read. */
function begins(state: () => ReturnType<typeof operation> | undefined, first = operation('op')): void {
  daemon.on('POST /1.0/instances', (_, response) => accept(response, first))
  daemon.on('GET /1.0/operations/op', (_, response) => {
    const now = state()
    if (now === undefined) fail(response, 404, 'Operation not found')
    else succeed(response, now)
  })
}

describe('the end of an operation', () => {
  it('is what a wait tells', async () => {
    begins(() => operation('op'))
    daemon.on('GET /1.0/operations/op/wait', (_, response) => succeed(response, operation('op', SUCCESS)))
    const client = await daemon.open()

    expect(await client.operate(create)).toMatchObject(SUCCESS)
    expect(daemon.requests).toEqual(['POST /1.0/instances', 'GET /1.0/operations/op/wait'])
  })

  it('is a failure when the wait answers 200 with an error in its body', async () => {
    begins(() => operation('op', {...FAILURE, err: 'Requested profile "nope" doesn\'t exist'}))
    daemon.on('GET /1.0/operations/op/wait', (_, response) => fail(response, 500, 'Requested profile', 200))
    const client = await daemon.open()

    await expect(client.operate(create)).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: 'Requested profile "nope" doesn\'t exist',
    })
  })

  it('is a failure when the wait answers success about a failed operation', async () => {
    begins(() => undefined)
    const failed = operation('op', {...FAILURE, err: 'The instance is already running'})
    daemon.on('GET /1.0/operations/op/wait', (_, response) => succeed(response, failed))
    const client = await daemon.open()

    await expect(client.operate(create)).rejects.toMatchObject({code: 'CONFLICT'})
  })

  it('is told by settle also for a failure', async () => {
    begins(() => operation('op', {...FAILURE, err: 'Command not found', metadata: {return: 127}}))
    daemon.on('GET /1.0/operations/op/wait', (_, response) => fail(response, 500, 'Command not found', 200))
    const client = await daemon.open()

    expect(await client.settle(await client.begin(create))).toMatchObject({
      err: 'Command not found',
      metadata: {return: 127},
    })
  })

  it('is not known when the server has forgotten it', async () => {
    begins(() => undefined)
    const client = await daemon.open()

    expect(await client.operate(create)).toBeUndefined()
  })

  it('is waited for when a wait ended too early', async () => {
    let reads = 0
    begins(() => operation('op', ++reads < 4 ? {} : SUCCESS))
    daemon.on('GET /1.0/operations/op/wait', (_, response) => fail(response, 500, 'context deadline exceeded', 200))
    const client = await daemon.open()

    expect(await client.operate(create)).toMatchObject(SUCCESS)
    expect(reads).toBe(4)
  })

  it('is asked for with pauses where a wait does not wait', async () => {
    const until = Date.now() + 400
    begins(() => operation('op', Date.now() < until ? {} : SUCCESS))
    daemon.on('GET /1.0/operations/op/wait', (_, response) => succeed(response, operation('op')))
    const client = await daemon.open()

    expect(await client.operate(create)).toMatchObject(SUCCESS)
    expect(counted('GET /1.0/operations/op/wait')).toBeLessThan(10)
  })

  it('is told when somebody else has cancelled it', async () => {
    begins(() => operation('op', {status: 'Cancelled', status_code: 401}))
    const client = await daemon.open()

    await expect(client.operate(create)).rejects.toMatchObject({
      code: 'CONFLICT',
      message: 'cancelled on the server: Creating instance',
    })
  })

  it('survives a server that is away for a moment', async () => {
    let reads = 0
    begins(() => operation('op', SUCCESS))
    daemon.on('GET /1.0/operations/op/wait', (request) => {
      reads++
      request.socket.destroy()
    })
    const client = await daemon.open()

    expect(await client.operate(create)).toMatchObject(SUCCESS)
    expect(reads).toBeGreaterThan(0)
  })
})

describe('an abort', () => {
  it('cancels the operation', async () => {
    begins(() => operation('op'), operation('op', {may_cancel: true}))
    const controller = new AbortController()
    daemon.on('GET /1.0/operations/op/wait', () => controller.abort())
    daemon.on('DELETE /1.0/operations/op', (_, response) => succeed(response, {}))
    const client = await daemon.open()

    await expect(client.operate(create, {signal: controller.signal})).rejects.toMatchObject({
      code: 'ABORTED',
      message: 'interrupted',
    })
    expect(counted('DELETE /1.0/operations/op')).toBe(1)
  })

  it('says so when the operation goes on', async () => {
    begins(() => operation('op'))
    const controller = new AbortController()
    daemon.on('GET /1.0/operations/op/wait', () => controller.abort())
    daemon.on('DELETE /1.0/operations/op', (_, response) => fail(response, 400, 'cannot be cancelled'))
    const client = await daemon.open()

    await expect(client.operate(create, {signal: controller.signal})).rejects.toMatchObject({
      code: 'ABORTED',
      message: 'interrupted; Incus goes on: Creating instance',
    })
  })

  it('while the operation is being asked for cancels it too', async () => {
    const controller = new AbortController()
    daemon.on('POST /1.0/instances', (_, response) => {
      controller.abort()
      setImmediate(() => accept(response, operation('op')))
    })
    daemon.on('DELETE /1.0/operations/op', (_, response) => succeed(response, {}))
    const client = await daemon.open()

    await expect(client.operate(create, {signal: controller.signal})).rejects.toMatchObject({code: 'ABORTED'})
    expect(counted('DELETE /1.0/operations/op')).toBe(1)
  })

  it('before it sends nothing', async () => {
    const client = await daemon.open()

    await expect(client.operate(create, {signal: AbortSignal.abort()})).rejects.toMatchObject({code: 'ABORTED'})
    expect(daemon.requests).toEqual([])
  })
})

const sockets: WebSocket[] = []
const states = new Map<string, ReturnType<typeof operation>>()
let begun: number

/** Each creation is an operation of its own, `op0` and on, which runs until `end` ends it. */
function serveMany(): void {
  sockets.length = 0
  states.clear()
  begun = 0
  daemon.on('POST /1.0/instances', (_, response) => {
    const id = `op${begun++}`
    states.set(id, operation(id))
    daemon.on(`GET /1.0/operations/${id}`, (_request, answer) => {
      const state = states.get(id)
      if (state === undefined) fail(answer, 404, 'not found')
      else succeed(answer, state)
    })
    daemon.on(`GET /1.0/operations/${id}/wait`, (_request, answer) => {
      void poll({everyMs: 5, timeoutMs: 20_000}, () => states.get(id)?.status_code === 200).then(() =>
        succeed(answer, states.get(id)),
      )
    })
    accept(response, operation(id))
  })
  daemon.onSocket('/1.0/events', (socket) => void sockets.push(socket))
}

const end = (id: string, {isTold = true} = {}) => {
  states.set(id, operation(id, SUCCESS))
  const frame = JSON.stringify({type: 'operation', metadata: states.get(id)})
  if (isTold) for (const socket of sockets) socket.send(frame)
}
const reads = () => daemon.requests.filter((request) => /^GET .*\/operations\/op\d+$/.test(request)).length
const start = async (count: number) => {
  const client = await daemon.open()
  const notes: string[] = []
  const options = {onProgress: (note: string) => notes.push(note)}
  const all = Promise.all(Array.from({length: count}, () => client.operate(create, options)))
  // All but the first one are followed, and have been read once since.
  await poll({everyMs: 5, timeoutMs: 10_000}, () => sockets.length > 0 && reads() >= count - 1)
  return {all, notes}
}

describe('many operations at once', () => {
  beforeEach(serveMany)

  it('share one connection for events', async () => {
    const {all} = await start(50)
    for (const id of states.keys()) end(id)

    expect(await all).toHaveLength(50)
    expect(counted('SOCKET /1.0/events')).toBe(1)
    expect(daemon.requests.filter((request) => request.endsWith('/wait'))).toHaveLength(1)
  })

  it('are read again when the connection was cut, so that no end is missed', async () => {
    const {all} = await start(5)
    for (const id of states.keys()) end(id, {isTold: false})
    for (const socket of sockets) socket.terminate()

    expect(await all).toHaveLength(5)
    expect(counted('SOCKET /1.0/events')).toBe(2)
  })

  it('are waited for one by one where there are no events', async () => {
    daemon.onSocket('/1.0/events', (socket) => socket.terminate())
    const client = await daemon.open()
    const all = Promise.all([client.operate(create), client.operate(create)])
    await poll(
      {everyMs: 5, timeoutMs: 10_000},
      () => daemon.requests.filter((one) => one.endsWith('/wait')).length === 2,
    )
    for (const id of states.keys()) end(id)

    expect(await all).toHaveLength(2)
  })

  it('are not disturbed by a flood and by nonsense', async () => {
    const {all} = await start(3)
    const [socket] = sockets
    const other = JSON.stringify({type: 'operation', metadata: operation('other', {metadata: {x: 'y'.repeat(500)}})})
    for (let count = 0; count < 5_000; count++) socket?.send(count % 100 === 0 ? '{"type":' : other)
    socket?.send(Buffer.alloc(1_000))
    for (const id of states.keys()) end(id)

    expect(await all).toHaveLength(3)
  })

  it('tell their progress, not more often than a person reads', async () => {
    const {all, notes} = await start(2)
    for (let percent = 0; percent < 100; percent++) {
      const metadata = {create_instance_from_image_unpack_progress: `Unpacking image: ${percent}%\u001b[2J`}
      for (const id of states.keys()) {
        sockets[0]?.send(JSON.stringify({type: 'operation', metadata: operation(id, {metadata})}))
      }
    }
    for (const id of states.keys()) end(id)
    await all

    expect(notes[0]).toBe('Unpacking image: 0%\\e[2J')
    expect(notes.length).toBeLessThan(20)
  })
})

describe('the connection for events', () => {
  it('keeps the process alive only while somebody follows', async () => {
    const held: boolean[] = []
    const socket = {
      onFrame: () => undefined,
      send: () => Promise.resolve(),
      closed: new Promise<void>(() => undefined),
      close: () => undefined,
      hold: (isHeld: boolean) => held.push(isHeld),
    }
    const events = openOperationEvents({socket: () => Promise.resolve(socket)})
    const first = await events.follow('a', () => undefined)
    const second = await events.follow('b', () => undefined)
    first.stop()
    await Promise.resolve()
    expect(held).not.toContain(false)

    second.stop()
    await new Promise(setImmediate)
    expect(held.at(-1)).toBe(false)
  })
})
