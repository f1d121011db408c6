import {createHash} from 'node:crypto'
import {mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {Readable, Writable} from 'node:stream'
import {type ExportFacet, type InstanceProvider, instanceSpec, OmniError, requireFacet} from '@omni-cli/sdk'
import type {Session} from '@omni-cli/sdk/cli'
import {createMemoryInstances} from '@omni-cli/testkit'
import {afterEach, beforeEach, expect, test} from 'vitest'
import {chooseToExport, type ExportSelection} from '../../src/machines/archive/choose.ts'
import {type ExportRequest, exportMachines} from '../../src/machines/archive/export.ts'
import {importMachine, nameIn} from '../../src/machines/archive/import.ts'
import {memorySession, recordingProgress} from '../apply/memory-session.ts'

const {signal} = new AbortController()
let dir: string
let provider: InstanceProvider
let session: Session & Disposable

async function open(change: (facet: ExportFacet) => Partial<ExportFacet> = () => ({})) {
  session?.[Symbol.dispose]()
  const memory = createMemoryInstances()
  for (const name of ['web', 'db']) await memory.create(instanceSpec.parse({name, metadata: {tier: 'shop'}}))
  const facet = requireFacet(memory, 'export')
  provider = {...memory, export: {...facet, ...change(facet)}}
  session = memorySession({instance: provider})
}
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'omni-export-'))
  await open()
})
afterEach(() => {
  session[Symbol.dispose]()
  session = undefined as never
  rmSync(dir, {recursive: true})
})

async function send(selection: Partial<ExportSelection>, more: Partial<ExportRequest> = {}) {
  const chosen = await chooseToExport(session, {words: [], all: false, signal, dir: selection.dir, ...selection})
  return exportMachines({
    ...{...chosen, dir: selection.dir ?? dir, force: false, stdout: process.stdout},
    ...{progress: recordingProgress(), signal, ...more},
  })
}

const take = (file: string, name?: string, stdin: NodeJS.ReadableStream = process.stdin) =>
  importMachine(provider, {file, name, stdin, progress: recordingProgress(), signal})

const sha256 = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex')

test('a machine becomes a file of ours alone with its sum beside it, and a machine again', async () => {
  const file = join(dir, 'web.bin')
  const [exported] = await send({words: ['web', file]})

  expect(exported).toEqual({instance: 'web', file, bytes: statSync(file).size, sha256: sha256(file)})
  expect(readFileSync(`${file}.sha256`, 'utf8')).toBe(`${sha256(file)}  web.bin\n`)
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect((await take(file, 'copy')).state).toMatchObject({name: 'copy', status: 'stopped'})
})

test('several go to a folder, each under its name and the time', async () => {
  const into = join(dir, 'a', 'b')
  const exported = await send({labels: {tier: 'shop'}, dir: into})
  expect(exported.map(({instance, file}) => [instance, nameIn(file, provider.export?.extension ?? '')])).toEqual([
    ['web', 'web'],
    ['db', 'db'],
  ])
  expect(readdirSync(into)).toHaveLength(4)
})

test('stdout gets the bytes alone', async () => {
  const got: Buffer[] = []
  const stdout = new Writable({
    write(chunk, _, done) {
      got.push(chunk)
      done()
    },
  })
  const [exported] = await send({words: ['web', '-']}, {stdout: stdout as never})
  expect(createHash('sha256').update(Buffer.concat(got)).digest('hex')).toBe(exported?.sha256)
  expect((await take('-', 'copy', Readable.from(got))).name).toBe('copy')
})

test('a file that is there is only replaced when that is said', async () => {
  const file = join(dir, 'web.bin')
  writeFileSync(file, 'mine')
  await expect(send({words: ['web', file]})).rejects.toMatchObject({code: 'CONFLICT'})
  expect(readFileSync(file, 'utf8')).toBe('mine')
  await send({words: ['web', file]}, {force: true})
  expect(readFileSync(`${file}.sha256`, 'utf8')).toContain(sha256(file))
})

test.each([
  ['the connection broke', {}],
  ['only 4 of 9 bytes', {sizeBytes: 9}],
])('of an export that fails (%s) nothing is left', async (message, size) => {
  await open(() => ({
    read: async () => ({
      ...size,
      body: Readable.from(
        (async function* () {
          yield Buffer.from('half')
          if (!('sizeBytes' in size)) throw new OmniError('UNAVAILABLE', 'the connection broke')
        })(),
      ),
    }),
  }))
  await expect(send({words: ['web', join(dir, 'x')]})).rejects.toMatchObject({
    message: expect.stringContaining(message),
  })
  expect(readdirSync(dir)).toEqual([])
})

test('a folder that cannot be written is told', async () => {
  await expect(send({words: ['web', join(dir, 'none', 'x')]})).rejects.toMatchObject({
    code: 'IO',
    message: expect.stringContaining('the folder does not exist'),
  })
})

test.each([
  [['web', 'x', 'y'], {}, 'USAGE', 'name one instance and its file'],
  [['web'], {all: true}, 'USAGE', 'name the instances'],
  [['nope'], {}, 'NOT_FOUND', "there is no instance 'nope'"],
])('to export %j %j is %s', async (words, more, code, message) => {
  await expect(send({words, ...more})).rejects.toMatchObject({code, message: expect.stringContaining(message)})
})

test('a file that is not what was exported is refused, and no machine is made', async () => {
  const file = join(dir, 'web.bin')
  await send({words: ['web', file]})
  writeFileSync(file, readFileSync(file).subarray(0, -1))
  await expect(take(file, 'copy')).rejects.toMatchObject({
    code: 'IO',
    message: expect.stringContaining('is not what was'),
  })
  expect(await provider.get('copy')).toBeUndefined()
})

test.each([
  ['none.bin', 'x', 'NOT_FOUND', 'there is no file'],
  ['empty', 'x', 'IO', 'is empty'],
  ['web.bin', 'web', 'CONFLICT', "there is an instance 'web' already"],
  ['web.bin', 'No!', 'USAGE', '--name gives no name'],
  ['No!.bin', undefined, 'USAGE', 'the name of the file gives no name'],
])('to import %s as %s is %s', async (file, name, code, message) => {
  await send({words: ['web', join(dir, 'web.bin')]})
  writeFileSync(join(dir, 'empty'), '')
  await expect(take(join(dir, file), name)).rejects.toMatchObject({code, message: expect.stringContaining(message)})
})

test.each([
  ['worker-1-20260131t080000z.tar.gz', 'worker-1'],
  ['/a/b/worker-1.tar.zst', 'worker-1'],
  ['worker-1', 'worker-1'],
])('%s is of %s', (file, name) => {
  expect(nameIn(file, '.tar.gz')).toBe(name)
})
