import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {z} from 'zod'
import {openClient} from '../../src/client/open-client.ts'
import {instanceWire, profileWire} from '../../src/client/wire.ts'
import {startPrivateDaemon} from './private-daemon.ts'
import {createTestProject, socket, type TestProject, testContext} from './test-project.ts'

let project: TestProject

beforeAll(async () => {
  if (socket !== undefined) project = await createTestProject()
})
afterAll(() => project?.remove())

const creation = (name: string, more: Readonly<Record<string, unknown>> = {}) =>
  ({
    method: 'POST',
    path: '/instances',
    json: {name, type: 'container', source: {type: 'image', alias: 'omni-test/busybox'}, ...more},
  }) as const

describe.skipIf(socket === undefined)('operations of a real Incus', () => {
  it('many at once end well, each with its own result', async () => {
    const names = Array.from({length: 6}, (_, index) => `many-${index}`)
    const results = await Promise.allSettled([
      ...names.map((name) => project.client.operate(creation(name))),
      project.client.operate(creation('bad', {config: {'limits.memory': '1G'}})),
      project.client.operate(creation('bad', {profiles: ['nope']})),
    ])

    expect(results.map((one) => (one.status === 'fulfilled' ? one.value?.status : one.reason.code))).toEqual([
      ...names.map(() => 'Success'),
      'MANIFEST_INVALID',
      'NOT_FOUND',
    ])
    const {value} = await project.client.fetch(z.array(instanceWire), {
      method: 'GET',
      path: '/instances',
      query: {recursion: '2'},
    })
    expect(value.map(({name}) => name).sort()).toEqual(names)
  })

  it('two of the same name are a conflict for one of them', async () => {
    const results = await Promise.allSettled([1, 2].map(() => project.client.operate(creation('twin'))))

    expect(results.filter(({status}) => status === 'fulfilled')).toHaveLength(1)
    expect(results.find((one) => one.status === 'rejected')?.reason).toMatchObject({code: 'CONFLICT'})
  })

  it('an abort says what becomes of them', async () => {
    const controller = new AbortController()
    const creating = project.client.operate(creation('late'), {signal: controller.signal})
    setImmediate(() => controller.abort())

    await expect(creating).rejects.toMatchObject({code: 'ABORTED'})
  })
})

describe.skipIf(socket === undefined)('a change on a real Incus', () => {
  const path = '/profiles/default'

  it('is refused when somebody else was faster', async () => {
    const {etag} = await project.client.fetch(profileWire, {method: 'GET', path})
    const change = (value: string) => ({method: 'PATCH', path, json: {config: {'user.x': value}}, etag}) as const
    await project.client.send(change('1'))

    await expect(project.client.send(change('2'))).rejects.toMatchObject({code: 'CONFLICT'})
    expect((await project.client.fetch(profileWire, {method: 'GET', path})).value.config).toEqual({'user.x': '1'})
  })

  it('bytes of a file arrive, and its headers', async () => {
    await project.client.operate(creation('files'))
    const file = {path: '/instances/files/files', query: {path: '/root/x'}} as const
    await project.client.send({...file, method: 'POST', body: Buffer.from('hello')})
    const {body} = await project.client.download({...file, method: 'GET'})

    expect(Buffer.concat(await Array.fromAsync(body)).toString()).toBe('hello')
    expect(await project.client.head({...file, method: 'GET'})).toMatchObject({'x-incus-type': 'file'})
    expect(await project.client.head({...file, method: 'GET', query: {path: '/root/nope'}})).toBeUndefined()
  })

  it('a connection is handed over to another protocol', async () => {
    const connection = await project.client.upgrade('/instances/files/sftp', 'sftp')
    // INIT of version 3 is answered by VERSION.
    connection.write(Buffer.from([0, 0, 0, 5, 1, 0, 0, 0, 3]))
    const answer = await new Promise<Buffer>((resolve) => connection.once('data', resolve))
    connection.destroy()

    expect(answer[4]).toBe(2)
    await expect(project.client.upgrade('/instances/nope/sftp', 'sftp')).rejects.toMatchObject({code: 'NOT_FOUND'})
  })
})

describe.skipIf(socket === undefined)('a project that is not there', () => {
  it('is told, not taken for an empty one', async () => {
    const client = await project.open({project: 'nope'})

    await expect(client.fetch(z.array(z.unknown()), {method: 'GET', path: '/instances'})).rejects.toMatchObject({
      code: 'NOT_FOUND',
      hint: 'incus project create nope',
    })
  })
})

describe.skipIf(socket === undefined)('a daemon that is started again', () => {
  it('does not pass what went on for a success, and is used again afterwards', async () => {
    const daemon = await startPrivateDaemon()
    const client = await openClient(testContext({INCUS_SOCKET: daemon.socket}), {})
    try {
      const token = {name: 'x', type: 'client', token: true}
      const waiting = await client.begin({method: 'POST', path: '/certificates', json: token})
      const settled = client.settle(waiting)
      const events = await client.socket('/events', {type: 'lifecycle'})
      events.onFrame(() => undefined)
      const [ended] = await Promise.all([settled, daemon.stop().then(() => daemon.start())])

      // Tokens live as operations, which no new daemon knows.
      expect(ended === undefined || ended.status_code !== 200).toBe(true)
      await events.closed
      await client.send({method: 'POST', path: '/projects', json: {name: 'after', config: {}}})
    } finally {
      client.close()
      await daemon.remove()
    }
  })
})
