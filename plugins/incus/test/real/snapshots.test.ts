import {randomBytes} from 'node:crypto'
import {Readable} from 'node:stream'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {instanceWire} from '../../src/client/wire.ts'
import {createCopies} from '../../src/provider/copies.ts'
import {createFiles} from '../../src/provider/files.ts'
import {labelConfig, labelsOf} from '../../src/provider/labels.ts'
import {readInstance} from '../../src/provider/requests.ts'
import {createSnapshots} from '../../src/provider/snapshots.ts'
import {createNetworkedProject} from './networked-project.ts'
import {socket, type TestProject} from './test-project.ts'

let project: TestProject
let snapshots: ReturnType<typeof createSnapshots>
let copies: ReturnType<typeof createCopies>
const name = `snap-${randomBytes(3).toString('hex')}`
const wireOf = async (instance: string) => (await project.client.fetch(instanceWire, readInstance(instance))).value
const label = (labels: Record<string, string>) =>
  project.client.send({method: 'PATCH', path: `/instances/${name}`, json: {config: labelConfig(labels)}})

beforeAll(async () => {
  if (socket === undefined) return
  project = await createNetworkedProject()
  await project.launch(name)
  snapshots = createSnapshots(project.client)
  copies = createCopies(project.client)
  await label({'omni.plan': 'old', role: 'web'})
}, 60_000)
afterAll(() => project?.remove(), 60_000)

describe.skipIf(socket === undefined)('snapshots of an instance', () => {
  it('is made, listed, and refused the second time', async () => {
    const expiresAt = '2099-01-02T03:04:05Z'
    expect(await snapshots.create(name, 'first')).toEqual({name: 'first', createdAt: expect.any(String)})
    expect(await snapshots.create(name, 'second', {expiresAt})).toMatchObject({expiresAt})

    expect((await snapshots.list(name)).map((found) => found.name)).toEqual(['first', 'second'])
    await expect(snapshots.create(name, 'first')).rejects.toMatchObject({
      code: 'CONFLICT',
      message: `snapshot 'first' of '${name}' exists already`,
    })
  }, 30_000)

  it('restores the files of a machine that runs, which runs again and stays whose it is', async () => {
    const files = createFiles(project.client)
    await files.write(name, '/root/later', Readable.from(['later']))
    await label({'omni.plan': 'new', role: 'db'})
    await snapshots.restore(name, 'first')

    expect(await files.stat(name, '/root/later')).toBeUndefined()
    const wire = await wireOf(name)
    expect(wire.status).toBe('Running')
    expect(labelsOf(wire.config)).toEqual({'omni.plan': 'new', role: 'web'})
  }, 30_000)

  it('is removed', async () => {
    await snapshots.remove(name, 'second')

    expect((await snapshots.list(name)).map((found) => found.name)).toEqual(['first'])
  }, 30_000)
})

describe.skipIf(socket === undefined)('copies of an instance', () => {
  it('a copy has a MAC of its own, no owner and is not running', async () => {
    const made = await copies.copy(name, `${name}-copy`)
    const start = {action: 'start', timeout: -1}
    await project.client.operate({method: 'PUT', path: `/instances/${name}-copy/state`, json: start})
    const [from, to] = await Promise.all([wireOf(name), wireOf(`${name}-copy`)])

    expect(made).toMatchObject({name: `${name}-copy`, status: 'stopped', labels: {role: 'web'}, snapshotCount: 1})
    expect(to.config['volatile.eth0.hwaddr']).toMatch(/^([0-9a-f]{2}:){5}/)
    expect(to.config['volatile.eth0.hwaddr']).not.toBe(from.config['volatile.eth0.hwaddr'])
    expect(JSON.stringify(to.config)).not.toContain('omni.plan')
  }, 30_000)

  it('a copy takes over no address that was given to the machine', async () => {
    const eth0 = {type: 'nic', name: 'eth0', network: 'omnibr0', hwaddr: '00:16:3e:00:11:22'}
    await project.client.send({method: 'PATCH', path: `/instances/${name}`, json: {devices: {eth0}}})
    await copies.copy(name, `${name}-mac`)

    const {devices} = await wireOf(`${name}-mac`)
    expect(devices.eth0).toEqual({type: 'nic', name: 'eth0', network: 'omnibr0'})
  }, 30_000)

  it('a copy of a snapshot is that alone', async () => {
    const made = await copies.copy(name, `${name}-then`, {snapshot: 'first'})

    expect(made).toMatchObject({labels: {role: 'web'}, snapshotCount: 0})
  }, 30_000)

  it.each([
    ['a taken name', () => copies.copy(name, `${name}-copy`), 'CONFLICT'],
    ['an unknown machine', () => copies.copy(`${name}-x`, `${name}-y`), 'NOT_FOUND'],
    ['an unknown snapshot', () => copies.copy(name, `${name}-y`, {snapshot: 'none'}), 'NOT_FOUND'],
    ['a bad name', () => copies.copy(name, '../x'), 'USAGE'],
    ['a snapshot with a bad name', () => snapshots.create(name, 'a b'), 'USAGE'],
    ['a snapshot with a path for a name', () => snapshots.create(name, '../x'), 'USAGE'],
    ['restoring an unknown snapshot', () => snapshots.restore(name, 'none'), 'NOT_FOUND'],
    ['removing an unknown snapshot', () => snapshots.remove(name, 'none'), 'NOT_FOUND'],
    ['snapshots of an unknown machine', () => snapshots.list(`${name}-x`), 'NOT_FOUND'],
    ['a snapshot of an unknown machine', () => snapshots.create(`${name}-x`, 's'), 'NOT_FOUND'],
  ] as const)('%s is told', async (_, work, code) => {
    await expect(work()).rejects.toMatchObject({code})
  })
})
