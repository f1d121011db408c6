import {randomBytes} from 'node:crypto'
import {Readable} from 'node:stream'
import {buffer, text} from 'node:stream/consumers'
import {gunzipSync} from 'node:zlib'
import {poll} from '@omni-cli/sdk'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {z} from 'zod'
import type {IncusClient} from '../../src/client/client.ts'
import {instanceWire} from '../../src/client/wire.ts'
import {createExport} from '../../src/provider/export.ts'
import {createFiles} from '../../src/provider/files.ts'
import {labelConfig} from '../../src/provider/labels.ts'
import {readInstance} from '../../src/provider/requests.ts'
import {createNetworkedProject} from './networked-project.ts'
import {socket, type TestProject} from './test-project.ts'

const COPY_AGAIN = expect.stringMatching(/copy .*again.*export/)
let project: TestProject
let facet: ReturnType<typeof createExport>
let packed: Buffer
const name = `export-${randomBytes(3).toString('hex')}`
const wireOf = async (instance: string) => (await project.client.fetch(instanceWire, readInstance(instance))).value
const backups = async () =>
  (await project.client.fetch(z.array(z.string()), {method: 'GET', path: `/instances/${name}/backups`})).value

beforeAll(async () => {
  if (socket === undefined) return
  project = await createNetworkedProject()
  await project.launch(name)
  facet = createExport(project.client)
  const config = {...labelConfig({'omni.plan': 'p', role: 'web'}), 'limits.processes': '100'}
  await project.client.send({method: 'PATCH', path: `/instances/${name}`, json: {config}})
  await createFiles(project.client).write(name, '/root/kept', Readable.from(['kept']))
}, 60_000)
afterAll(() => project?.remove(), 60_000)

describe.skipIf(socket === undefined)('an instance as a file', () => {
  it('is read whole, and the server keeps no copy', async () => {
    const {body, sizeBytes} = await facet.read(name)
    packed = await buffer(body)

    expect(packed.length).toBe(sizeBytes)
    expect(await backups()).toEqual([])
  }, 60_000)

  it('is resumed when the download is cut', async () => {
    const offsets: string[] = []
    const {body} = await createExport(cutting(project.client, offsets)).read(name)
    const got = await buffer(body)

    expect(offsets).toEqual(['start', 'bytes=100000-'])
    expect(got.length).toBeGreaterThan(100_000)
    expect(await backups()).toEqual([])
    await facet.write(`${name}-cut`, Readable.from([got]))
  }, 60_000)

  it('a reader who stops leaves no copy on the server', async () => {
    const {body} = await facet.read(name)
    ;(body as Readable).destroy()

    await poll({everyMs: 50, timeoutMs: 20_000}, async () => (await backups()).length === 0)
  }, 60_000)

  it('an aborted one leaves no copy on the server', async () => {
    const aborter = new AbortController()
    const onProgress = () => setTimeout(() => aborter.abort(), 100)
    const {signal} = aborter
    const read = async () => buffer((await facet.read(name, {signal, onProgress})).body)

    await read().catch(() => undefined)
    await poll({everyMs: 50, timeoutMs: 20_000}, async () => (await backups()).length === 0)
  }, 60_000)

  it('comes back under another name, with a MAC of its own and without an owner', async () => {
    const made = await facet.write(`${name}-back`, Readable.from([packed]))
    const [from, to] = await Promise.all([wireOf(name), wireOf(`${name}-back`)])

    expect(made).toMatchObject({name: `${name}-back`, status: 'stopped', labels: {role: 'web'}})
    expect(to.config['volatile.eth0.hwaddr']).not.toBe(from.config['volatile.eth0.hwaddr'])
    expect(to.config['limits.processes']).toBe('100')
    expect(JSON.stringify(to.config)).not.toContain('omni.plan')
    expect(await text(await createFiles(project.client).read(`${name}-back`, '/root/kept'))).toBe('kept')
  }, 60_000)

  it('a name that exists is refused, and what is there stays', async () => {
    await expect(facet.write(name, Readable.from([packed]))).rejects.toMatchObject({code: 'CONFLICT'})

    expect((await wireOf(name)).status).toBe('Running')
  }, 30_000)
})

describe.skipIf(socket === undefined)('an instance from a file', () => {
  it.each([
    ['half a file', {code: 'IO', hint: COPY_AGAIN}, () => Readable.from([packed.subarray(0, packed.length / 2)])],
    ['a file without its last byte', {code: 'IO', hint: COPY_AGAIN}, () => Readable.from([packed.subarray(0, -1)])],
    [
      'half a file that was not packed',
      {code: 'IO', hint: COPY_AGAIN},
      () => Readable.from([gunzipSync(packed).subarray(0, packed.length)]),
    ],
    [
      'the beginning of one that was not packed',
      {code: 'IO', hint: COPY_AGAIN},
      () => Readable.from([gunzipSync(packed).subarray(0, 2000)]),
    ],
    ['no backup at all', {code: 'USAGE'}, () => Readable.from(['this is no backup'])],
    [
      'a file whose reading fails',
      {},
      () =>
        Readable.from(
          (function* () {
            yield packed.subarray(0, 1000)
            throw new Error('read error')
          })(),
        ),
    ],
  ])(
    '%s makes no machine',
    async (_, failure, body) => {
      await expect(facet.write(`${name}-half`, body())).rejects.toMatchObject(failure)

      expect(await project.client.find(instanceWire, readInstance(`${name}-half`))).toBeUndefined()
    },
    60_000,
  )

  it('an unknown machine is NOT_FOUND', async () => {
    await expect(facet.read(`${name}-x`)).rejects.toMatchObject({code: 'NOT_FOUND'})
  })
})

/** Cuts the first download after 100,000 bytes. */
function cutting(client: IncusClient, offsets: string[]): IncusClient {
  return {
    ...client,
    async download(request, options) {
      const answer = await client.download(request, options)
      offsets.push(request.headers?.range ?? 'start')
      if (offsets.length > 1) return answer
      const body = Readable.from(
        (async function* () {
          let left = 100_000
          for await (const chunk of answer.body) {
            if (left > 0) yield chunk.subarray(0, left)
            left -= chunk.length
            if (left <= 0) throw new Error('cut')
          }
        })(),
        {objectMode: false},
      )
      return {...answer, body}
    },
  }
}
