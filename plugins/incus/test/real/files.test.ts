import {createHash, randomBytes} from 'node:crypto'
import {Readable} from 'node:stream'
import {text} from 'node:stream/consumers'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {createFiles} from '../../src/provider/files.ts'
import {createTestProject, socket, type TestProject} from './test-project.ts'

let project: TestProject
let files: ReturnType<typeof createFiles>
const instance = `files-${randomBytes(3).toString('hex')}`
const write = (path: string, content: string, options = {}) =>
  files.write(instance, path, Readable.from([content]), options)
const read = async (path: string) => text(await files.read(instance, path))
const names = async (path: string) => (await files.list(instance, path)).map(({name}) => name).sort()

beforeAll(async () => {
  if (socket === undefined) return
  project = await createTestProject()
  await project.launch(instance)
  files = createFiles(project.client)
  await files.makeFolder(instance, '/work')
}, 60_000)
afterAll(() => project?.remove(), 60_000)

const state = (action: string) =>
  project.client.operate({
    method: 'PUT',
    path: `/instances/${instance}/state`,
    json: {action, force: true, timeout: -1},
  })

describe.skipIf(socket === undefined)('files of an instance', () => {
  it('a large file comes back as it was', async () => {
    const block = randomBytes(1024 * 1024)
    const sent = createHash('sha256')
    const blocks = function* () {
      for (let i = 0; i < 20; i++) {
        block.writeUInt32BE(i)
        const piece = Buffer.from(block.subarray(0, block.length - i * 1000))
        sent.update(piece)
        yield piece
      }
    }
    await files.write(instance, '/work/large', Readable.from(blocks()))

    const got = createHash('sha256')
    for await (const chunk of await files.read(instance, '/work/large')) got.update(chunk)

    expect(got.digest('hex')).toBe(sent.digest('hex'))
    expect((await files.stat(instance, '/work/large'))?.sizeBytes).toBe(20 * 1024 * 1024 - 190_000)
  }, 60_000)

  it('mode and owner are set on a new file and changed on one that exists', async () => {
    await write('/work/mode', 'one')
    expect(await files.stat(instance, '/work/mode')).toMatchObject({mode: 0o644, uid: 0, gid: 0, sizeBytes: 3})

    await write('/work/mode', 'two', {mode: 0o640, uid: 33, gid: 44})
    expect(await files.stat(instance, '/work/mode')).toMatchObject({mode: 0o640, uid: 33, gid: 44})

    await write('/work/mode', 'three')
    expect(await files.stat(instance, '/work/mode')).toMatchObject({mode: 0o640, uid: 33, gid: 44, sizeBytes: 5})
  })

  it('setuid and sticky bits are really set', async () => {
    await write('/work/setuid', 'x', {mode: 0o4755, uid: 1, gid: 1})
    await files.makeFolder(instance, '/work/sticky', {mode: 0o1777})

    expect(await files.stat(instance, '/work/setuid')).toMatchObject({mode: 0o4755, uid: 1})
    expect(await files.stat(instance, '/work/sticky')).toMatchObject({mode: 0o1777, type: 'directory'})
  })

  it('a write through a symlink replaces what it leads to, and a device takes the bytes', async () => {
    await write('/work/real', 'old')
    await files.makeSymlink(instance, '/work/link', 'real')
    await write('/work/link', 'new')
    await write('/dev/null', 'gone')

    expect(await read('/work/real')).toBe('new')
    expect(await files.stat(instance, '/work/link')).toMatchObject({type: 'symlink', target: 'real'})
    expect(await files.stat(instance, '/dev/null')).toMatchObject({type: 'other'})
  })

  it('names may have any bytes', async () => {
    const odd = ['a b%2f?#&', 'new\nline', '-rf', 'größe 漢字 🐙', `caf\udce9`, '\u{feff}"\'`$(id)']
    await files.makeFolder(instance, '/work/odd')
    for (const [index, name] of odd.entries()) await write(`/work/odd/${name}`, `${index}`)

    expect(await names('/work/odd')).toEqual(odd.toSorted())
    for (const [index, name] of odd.entries()) expect(await read(`/work/odd/${name}`)).toBe(`${index}`)
  })
})

describe.skipIf(socket === undefined)('names, folders and cut uploads', () => {
  it('a listing tells types, sizes and targets at once', async () => {
    await files.makeFolder(instance, '/work/list', {mode: 0o750})
    await files.makeFolder(instance, '/work/list', {mode: 0o750})
    await files.makeFolder(instance, '/work/list/sub')
    await files.makeSymlink(instance, '/work/list/gone', '/not/there')
    await write('/work/list/file', '12345')

    const entries = await files.list(instance, '/work/list')
    expect(entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))).toMatchObject([
      {name: 'file', type: 'file', sizeBytes: 5, mode: 0o644, uid: 0},
      {name: 'gone', type: 'symlink', target: '/not/there'},
      {name: 'sub', type: 'directory', mode: 0o755},
    ])
  })

  it('a cut upload leaves the old file, and nothing beside it', async () => {
    await files.makeFolder(instance, '/work/cut')
    await write('/work/cut/file', 'whole')
    const cut = Readable.from(
      (function* () {
        yield Buffer.alloc(500_000)
        throw new Error('the disk of the sender broke')
      })(),
    )
    await expect(files.write(instance, '/work/cut/file', cut)).rejects.toThrow('the disk of the sender broke')

    const aborter = new AbortController()
    const endless = new Readable({
      read() {
        this.push(Buffer.alloc(1000))
        aborter.abort()
      },
    })
    const {signal} = aborter
    await expect(files.write(instance, '/work/cut/new', endless, {signal})).rejects.toMatchObject({code: 'ABORTED'})

    expect(await read('/work/cut/file')).toBe('whole')
    expect(await names('/work/cut')).toEqual(['file'])
  })

  it.each([
    ['read', '/work/none', 'NOT_FOUND'],
    ['read', '/work', 'CONFLICT'],
    ['list', '/work/none', 'NOT_FOUND'],
    ['write', '/work', 'CONFLICT'],
    ['write', '/none/file', 'NOT_FOUND'],
    ['write', 'relative', 'USAGE'],
    ['makeFolder', '/none/folder', 'NOT_FOUND'],
    ['makeFolder', '/etc/passwd', 'CONFLICT'],
    ['makeSymlink', '/etc/passwd', 'CONFLICT'],
    ['makeSymlink', '/none/link', 'NOT_FOUND'],
  ] as const)('%s of %s is %s', async (verb, path, code) => {
    const work = {
      read: () => files.read(instance, path),
      list: () => files.list(instance, path),
      write: () => write(path, ''),
      makeFolder: () => files.makeFolder(instance, path),
      makeSymlink: () => files.makeSymlink(instance, path, 'x'),
    }[verb]
    await expect(work()).rejects.toMatchObject({code})
  })
})

describe.skipIf(socket === undefined)('what is refused', () => {
  it('nothing at a path is undefined, no instance is NOT_FOUND', async () => {
    expect(await files.stat(instance, '/work/none')).toBeUndefined()
    await expect(files.stat(`${instance}-x`, '/work')).rejects.toMatchObject({code: 'NOT_FOUND'})
  })

  it('many calls at once share a connection, and a restart between them is no error', async () => {
    await Promise.all(Array.from({length: 40}, (_, i) => write(`/work/many-${i}`, String(i))))
    const contents = await Promise.all(Array.from({length: 40}, (_, i) => read(`/work/many-${i}`)))
    expect(contents).toEqual(Array.from({length: 40}, (_, i) => String(i)))

    await state('restart')
    expect(await read('/work/many-7')).toBe('7')
  }, 30_000)

  it('files of a stopped instance are reached too', async () => {
    await state('stop')
    await write('/work/stopped', 'cold', {mode: 0o600, uid: 5, gid: 6})

    expect(await read('/work/stopped')).toBe('cold')
    expect(await files.stat(instance, '/work/stopped')).toMatchObject({mode: 0o600, uid: 5, gid: 6})
    await expect(write('/work/special', '', {mode: 0o4755})).rejects.toMatchObject({code: 'UNSUPPORTED'})
    expect(await files.stat(instance, '/work/special')).toBeUndefined()
  }, 30_000)
})
