import {execFileSync} from 'node:child_process'
import {randomBytes} from 'node:crypto'
import {existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {gzipSync} from 'node:zlib'
import {Header} from 'tar'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {entryProblem} from '../../src/runtimes/process/release/entry-rule.ts'
import {unpack} from '../../src/runtimes/process/release/unpack.ts'

let folder: string
let target: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'omni-unpack-'))
  target = join(folder, 'target')
  mkdirSync(target)
})
afterEach(() => rmSync(folder, {recursive: true, force: true}))

interface Entry {
  path: string
  type?: 'File' | 'Directory' | 'SymbolicLink' | 'Link' | 'CharacterDevice' | 'FIFO'
  content?: string
  linkpath?: string
  mode?: number
  /** What the header claims. */
  size?: number
}

/** An archive as no honest program would write it. */
function archiveOf(entries: readonly Entry[]): string {
  const blocks = entries.flatMap(({path, type = 'File', content = '', linkpath, mode = 0o644, size}) => {
    const header = Buffer.alloc(512)
    new Header({
      path,
      type,
      mode,
      size: size ?? content.length,
      ...(linkpath === undefined ? {} : {linkpath}),
      mtime: new Date(0),
    }).encode(header, 0)
    const body = Buffer.alloc(Math.ceil(content.length / 512) * 512)
    body.write(content)
    return [header, body]
  })
  const file = join(folder, 'archive.tgz')
  writeFileSync(file, gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)])))
  return file
}

describe('unpack', () => {
  it('keeps contents, exec bits and links that stay inside', async () => {
    const archive = archiveOf([
      {path: 'bin/', type: 'Directory', mode: 0o755},
      {path: 'bin/run', content: '#!/bin/sh\n', mode: 0o755},
      {path: 'lib/deep/file.txt', content: 'text'},
      {path: 'bin/link', type: 'SymbolicLink', linkpath: '../lib/deep/file.txt'},
      {path: 'hard', type: 'Link', linkpath: 'lib/deep/file.txt'},
    ])
    await unpack(archive, target)

    expect(readFileSync(join(target, 'bin/link'), 'utf8')).toBe('text')
    expect(readFileSync(join(target, 'hard'), 'utf8')).toBe('text')
    expect(lstatSync(join(target, 'bin/run')).mode & 0o111).not.toBe(0)
  })

  it('unpacks what the tar program packs', async () => {
    mkdirSync(join(folder, 'source/ä ö'), {recursive: true})
    writeFileSync(join(folder, 'source/ä ö/file'), 'x')
    const archive = join(folder, 'a.tgz')
    execFileSync('tar', ['-czf', archive, '-C', join(folder, 'source'), '.'])
    await unpack(archive, target)

    expect(readFileSync(join(target, 'ä ö/file'), 'utf8')).toBe('x')
  })

  it('drops the bits that let a program run as its owner', async () => {
    await unpack(archiveOf([{path: 'suid', content: 'x', mode: 0o4755}]), target)

    expect(lstatSync(join(target, 'suid')).mode & 0o7000).toBe(0)
  })
})

describe('an archive that wants out', () => {
  it.each<[string, Entry[]]>([
    ['an absolute path', [{path: '/tmp/omni-evil', content: 'x'}]],
    ['a path upwards', [{path: '../evil', content: 'x'}]],
    ['a path upwards in the middle', [{path: 'a/../../evil', content: 'x'}]],
    ['an absolute link', [{path: 'l', type: 'SymbolicLink', linkpath: '/etc'}]],
    ['a link upwards', [{path: 'a/l', type: 'SymbolicLink', linkpath: '../../evil'}]],
    ['a hard link out', [{path: 'l', type: 'Link', linkpath: '../archive.tgz'}]],
    ['a device', [{path: 'null', type: 'CharacterDevice'}]],
    ['a pipe', [{path: 'pipe', type: 'FIFO'}]],
    [
      'links that lead out together',
      [
        {path: 'p/q/r/s', type: 'SymbolicLink', linkpath: '../../..'},
        {path: 't', type: 'SymbolicLink', linkpath: 'p/q/r/s/../../etc'},
      ],
    ],
  ])('refuses %s', async (_, entries) => {
    await expect(unpack(archiveOf([{path: 'ok', content: 'fine'}, ...entries]), target)).rejects.toMatchObject({
      code: 'MANIFEST_INVALID',
    })
    expect(readdirSync(folder).sort()).toEqual(['archive.tgz', 'target'])
    expect(existsSync('/tmp/omni-evil')).toBe(false)
  })

  it('writes nothing through a link', async () => {
    mkdirSync(join(target, 'real'))
    const archive = archiveOf([
      {path: 'l', type: 'SymbolicLink', linkpath: 'real'},
      {path: 'l/file', content: 'x'},
    ])
    await unpack(archive, target).catch((error) => expect(error).toMatchObject({code: 'MANIFEST_INVALID'}))

    expect(readdirSync(join(target, 'real'))).toEqual([])
  })
})

describe('an archive that is too big or broken', () => {
  it.each<[string, Entry[], RegExp]>([
    ['too many entries', Array.from({length: 101}, (_, index) => ({path: `f${index}`})), /more than 100 entries/],
    [
      'too many bytes',
      [
        {path: 'a', content: 'x'.repeat(60_000)},
        {path: 'b', content: 'x'.repeat(60_000)},
      ],
      /more than/,
    ],
    ['a file that claims to be huge', [{path: 'a', size: 5_000_000_000}], /more than/],
  ])('refuses %s before they are on the disk', async (_, entries, problem) => {
    const limits = {entries: 100, bytes: 100_000}
    await expect(unpack(archiveOf(entries), target, {limits})).rejects.toMatchObject({
      code: 'MANIFEST_INVALID',
      message: expect.stringMatching(problem),
    })
    const sizes = readdirSync(target).map((name) => lstatSync(join(target, name)).size)
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(limits.bytes)
  })

  it('refuses a bomb of nothing but padding', async () => {
    const file = join(folder, 'bomb.tgz')
    writeFileSync(file, gzipSync(Buffer.alloc(50_000_000)))

    await expect(unpack(file, target, {limits: {entries: 10, bytes: 1_000_000}})).rejects.toMatchObject({
      code: 'MANIFEST_INVALID',
    })
  })

  it.each([
    ['no archive', Buffer.from('hello')],
    ['an empty file', Buffer.alloc(0)],
    ['gzip of no tar', gzipSync('hello '.repeat(500))],
    ['a part of an archive', undefined],
  ])('refuses %s', async (_, content) => {
    const whole = archiveOf([{path: 'file', content: randomBytes(50_000).toString('hex')}])
    const file = join(folder, 'bad.tgz')
    writeFileSync(file, content ?? readFileSync(whole).subarray(0, 20_000))

    await expect(unpack(file, target)).rejects.toMatchObject({code: 'MANIFEST_INVALID'})
  })

  it('says that a missing file is missing', async () => {
    await expect(unpack(join(folder, 'none.tgz'), target)).rejects.toMatchObject({code: 'IO'})
  })

  it('ends when it is aborted', async () => {
    const archive = archiveOf([{path: 'file', content: 'x'.repeat(1_000_000)}])

    await expect(unpack(archive, target, {signal: AbortSignal.abort()})).rejects.toMatchObject({code: 'ABORTED'})
  })
})

describe('the rule for links', () => {
  it.each([
    ['node_modules/.bin/tsc', '../typescript/bin/tsc', true],
    ['a', 'b/c', true],
    ['a/b', '..', true],
    ['a/b', '../..', false],
    ['a', '..', false],
    ['a', 'b/../c', false],
    ['./a/b', '../c', true],
    ['a', '', false],
  ])('%s → %s: %s', (path, linkpath, isFine) => {
    expect(entryProblem({path, type: 'SymbolicLink', linkpath}) === undefined).toBe(isFine)
  })
})
