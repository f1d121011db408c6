import {execFileSync} from 'node:child_process'
import {existsSync, mkdtempSync, realpathSync, rmSync} from 'node:fs'
import {chmod, lstat, mkdir, readdir, readFile, readlink, symlink, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {Readable} from 'node:stream'
import {type FileFacet, instanceSpec, OmniError} from '@omni-cli/sdk'
import type {Session} from '@omni-cli/sdk/cli'
import {createMemoryInstances} from '@omni-cli/testkit'
import {afterEach, beforeEach, expect, test} from 'vitest'
import {type CopyRequest, copyFiles} from '../../src/machines/files/copy.ts'
import {copyView} from '../../src/machines/files/copy-view.ts'
import {parseEndpoint, parseOwner} from '../../src/machines/files/endpoint.ts'
import {memorySession} from '../apply/memory-session.ts'
import {folderFiles} from './folder-machine.ts'

let root: string
let here: string
let files: ReturnType<typeof folderFiles>
let session: Session
let opened: Disposable[]

beforeEach(async () => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'omni-cp-')))
  here = join(root, 'here')
  for (const folder of ['here', 'web/srv', 'web/etc', 'db/srv']) await mkdir(join(root, folder), {recursive: true})
  files = folderFiles(root)
  opened = []
  session = await sessionWith(files)
})
afterEach(() => {
  for (const one of opened) one[Symbol.dispose]()
  rmSync(root, {recursive: true})
})

async function sessionWith(facet: FileFacet): Promise<Session> {
  const memory = createMemoryInstances()
  for (const name of ['web', 'db']) await memory.create(instanceSpec.parse({name}))
  const made = memorySession({instance: {...memory, files: facet}})
  opened.push(made)
  return made
}

const copy = (source: string, target: string, more: Partial<CopyRequest> = {}) =>
  copyFiles(session, {
    ...{source, target, recursive: false, stdin: process.stdin, stdout: process.stdout},
    ...more,
  })

const put = async (path: string, text = path, mode = 0o644) => {
  await writeFile(join(root, path), text)
  await chmod(join(root, path), mode)
}
const text = (path: string) => readFile(join(root, path), 'utf8')
const modeOf = async (path: string) => (await lstat(join(root, path))).mode & 0o777

test.each([
  ['-', {type: 'stream'}],
  ['web:/etc', {type: 'machine', name: 'web', path: '/etc'}],
  ['vm/web:/a:b', {type: 'machine', name: 'vm/web', path: '/a:b'}],
  ['a/b.txt', {type: 'local', path: 'a/b.txt'}],
  ['./a:b', {type: 'local', path: './a:b'}],
  ['C:\\x', {type: 'local', path: 'C:\\x'}],
])('%j is %j', (word, endpoint) => {
  expect(parseEndpoint(word)).toEqual(endpoint)
})

test('a path inside is absolute, and an owner is numbers', () => {
  expect(() => parseEndpoint('web:etc')).toThrow("'web:etc': a path inside is absolute")
  expect(parseOwner('1000')).toEqual({uid: 1000, gid: 1000})
  expect(() => parseOwner('app:app')).toThrow('is no UID:GID')
})

test('a file goes in with its mode and owner, and comes out', async () => {
  await put('here/run.sh', 'x', 0o750)

  const outcome = await copy(join(here, 'run.sh'), 'web:/srv/', {owner: {uid: 7, gid: 8}})
  await copy('web:/srv/run.sh', join(here, 'back.sh'))

  expect(outcome).toMatchObject({target: 'web:/srv/run.sh', files: 1, bytes: 1, skipped: []})
  expect(files.owners.get('/srv/run.sh')).toBe('7:8')
  expect([await text('here/back.sh'), await modeOf('here/back.sh')]).toEqual(['x', 0o750])
})

test('between instances an owner stays', async () => {
  await put('web/srv/a')
  await copy('web:/srv/a', 'db:/srv/b')
  expect(await text('db/srv/b')).toBe('web/srv/a')
  expect(files.owners.get('/srv/b')).toBe('0:0')
})

test('a folder goes over as it is: modes, symlinks as symlinks, empty folders', async () => {
  await mkdir(join(root, 'web/srv/app/empty'), {recursive: true})
  await mkdir(join(root, 'web/srv/app/sealed'))
  await put('web/srv/app/a', 'a', 0o600)
  await put('web/srv/app/sealed/b')
  await chmod(join(root, 'web/srv/app/sealed'), 0o555)
  await symlink('/etc/passwd', join(root, 'web/srv/app/link'))

  const outcome = await copy('web:/srv/app', here, {recursive: true})
  await copy('web:/srv/app', join(here, 'new'), {recursive: true})
  await copy('web:/srv/app/.', join(here, 'new'), {recursive: true})
  await copy(join(here, 'app'), 'db:/srv', {recursive: true})

  expect(outcome).toMatchObject({files: 2, folders: 3, links: 1, target: join(here, 'app')})
  for (const copied of ['here/app', 'here/new', 'db/srv/app']) {
    expect((await readdir(join(root, copied))).toSorted()).toEqual(['a', 'empty', 'link', 'sealed'])
    expect(await readlink(join(root, copied, 'link'))).toBe('/etc/passwd')
    expect([await modeOf(`${copied}/a`), await modeOf(`${copied}/sealed`)]).toEqual([0o600, 0o555])
  }
  for (const path of ['web/srv/app', 'here/app', 'here/new', 'db/srv/app'])
    await chmod(join(root, path, 'sealed'), 0o755)
})

test('a symlink that is named leads to its file, also over several', async () => {
  await put('web/etc/real')
  await symlink('real', join(root, 'web/etc/one'))
  await symlink('/etc/one', join(root, 'web/etc/two'))
  await copy('web:/etc/two', join(here, 'two'))
  expect(await text('here/two')).toBe('web/etc/real')
  await symlink('loop', join(root, 'web/etc/loop'))
  await expect(copy('web:/etc/loop', here)).rejects.toMatchObject({code: 'IO'})
})

test('special files are left out, told, and exit 9', async () => {
  await put('web/srv/a')
  execFileSync('mkfifo', [join(root, 'web/srv/pipe')])

  const outcome = await copy('web:/srv', join(here, 'out'), {recursive: true})

  expect(outcome).toMatchObject({files: 1, skipped: ['web:/srv/pipe']})
  expect(copyView(outcome).exitCode).toBe(9)
  expect(await readdir(join(here, 'out'))).toEqual(['a'])
})

test('stdin and stdout are files, too', async () => {
  await copy('-', 'web:/srv/in', {stdin: Readable.from([Buffer.from('from stdin')]) as never})
  expect(await text('web/srv/in')).toBe('from stdin')
  await expect(copy('-', 'web:/srv', {stdin: Readable.from([]) as never})).rejects.toMatchObject({
    code: 'USAGE',
    message: "'web:/srv' is a folder; name the file",
  })
})

test.each([
  ['here', 'there', {}, 'USAGE', 'one side is a path in an instance'],
  ['web:/srv', '.', {}, 'USAGE', "'web:/srv' is a folder"],
  ['web:/none', '.', {}, 'NOT_FOUND', "there is no 'web:/none'"],
  ['wep:/srv', '.', {}, 'NOT_FOUND', "there is no instance 'wep'"],
  ['web:/srv/a', 'nowhere/', {}, 'NOT_FOUND', 'there is no folder'],
  ['web:/srv/a', '/nowhere/at/all', {}, 'IO', 'the folder does not exist'],
  ['web:/srv', 'web:/srv', {recursive: true}, 'USAGE', "lies in 'web:/srv'"],
  ['web:/srv', '-', {recursive: true}, 'USAGE', '"-" is one file'],
  ['web:/srv/a', 'x', {owner: {uid: 1, gid: 1}}, 'USAGE', '--owner is for files that go into an instance'],
])('%s → %s %j is %s', async (source, target, more, code, message) => {
  await put('web/srv/a')
  await expect(copy(source, target.startsWith('.') ? here : target, more)).rejects.toMatchObject({
    code,
    message: expect.stringContaining(message),
  })
  expect(await readdir(here)).toEqual([])
})

/** A machine that lies about what its folder holds. */
const lying = (entries: FileFacet['list']): FileFacet => ({...files, list: entries})

test.each(['..', '.', '', 'a/b', '../../escape', 'a\0b'])('a file that is called %j is refused', async (name) => {
  session = await sessionWith(lying(async () => [{name, type: 'file'}]))
  await expect(copy('web:/srv', join(here, 'out'), {recursive: true})).rejects.toMatchObject({
    code: 'IO',
    message: expect.stringContaining('no name of a file'),
  })
})

test('a symlink of the instance is never a way out of the target', async () => {
  const outside = join(root, 'outside')
  await mkdir(outside)
  const twice = [
    {name: 'x', type: 'symlink', target: outside},
    {name: 'x', type: 'directory'},
  ] as const
  session = await sessionWith(lying(async (_, path) => (path === '/srv' ? [...twice] : [{name: 'f', type: 'file'}])))
  await expect(copy('web:/srv', join(here, 'out'), {recursive: true})).rejects.toMatchObject({code: 'IO'})

  session = await sessionWith(files)
  await mkdir(join(root, 'web/srv/x'))
  await put('web/srv/x/f')
  await mkdir(join(here, 'srv'))
  await symlink(outside, join(here, 'srv/x'))
  await expect(copy('web:/srv', here, {recursive: true})).rejects.toMatchObject({code: 'CONFLICT'})
  expect(await readdir(outside)).toEqual([])
})

test('a file that comes only in part is not there; what was there before stays', async () => {
  await put('web/srv/a')
  await put('here/a', 'old')
  const broken: FileFacet = {
    ...files,
    read: async () =>
      Readable.from(
        (async function* () {
          yield Buffer.from('half')
          throw new OmniError('UNAVAILABLE', 'the connection broke')
        })(),
      ),
  }
  session = await sessionWith(broken)
  await expect(copy('web:/srv/a', here)).rejects.toMatchObject({message: 'the connection broke'})
  await expect(copy('web:/srv/a', join(here, 'new'))).rejects.toMatchObject({message: 'the connection broke'})
  expect(await readdir(here)).toEqual(['a'])
  expect(await text('here/a')).toBe('old')
  expect(existsSync(join(here, 'new'))).toBe(false)
})
