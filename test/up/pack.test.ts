import {execFileSync} from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import {tmpdir} from 'node:os'
import {dirname, join} from 'node:path'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {packSource} from '../../src/up/pack.ts'

let base: string
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'omni-pack-'))
})
afterEach(() => rmSync(base, {recursive: true, force: true}))

function write(root: string, files: Readonly<Record<string, string>>): string {
  const dir = join(base, root)
  mkdirSync(dir, {recursive: true})
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, path)), {recursive: true})
    writeFileSync(join(dir, path), content)
  }
  return dir
}

const into = () => join(base, 'packs')
const contents = (file: string) => execFileSync('tar', ['tzf', file], {encoding: 'utf8'}).trim().split('\n')
const left = (packed: {leftOut: readonly {path: string; why: string}[]}) =>
  packed.leftOut.map(({path, why}) => `${path} ${why}`)

describe('the bytes', () => {
  it('depend on the content, not on times, owners or the order of creation', async () => {
    const one = write('one', {'b.txt': 'B', 'a/c.txt': 'C'})
    const two = write('two', {'a/c.txt': 'C', 'b.txt': 'B'})
    utimesSync(join(two, 'b.txt'), 1, 1)

    const [first, second] = [await packSource(one, {into: into()}), await packSource(two, {into: into()})]
    expect(second.digest).toBe(first.digest)
    expect(first.digest).toMatch(/^sha256:[0-9a-f]{64}$/)

    appendFileSync(join(two, 'b.txt'), '!')
    expect((await packSource(two, {into: into()})).digest).not.toBe(first.digest)
  })

  it('unpack with the system tar to the same files, exec bits, links and long names', async () => {
    const long = `${'deep/'.repeat(30)}${'n'.repeat(120)}.txt`
    const dir = write('app', {'run.sh': '#!/bin/sh', [long]: 'x', 'data.bin': 'y'.repeat(600_000), 'ü 😀.txt': 'z'})
    chmodSync(join(dir, 'run.sh'), 0o700)
    symlinkSync('run.sh', join(dir, 'link'))
    symlinkSync('../run.sh', join(dir, 'deep/up'))
    mkdirSync(join(dir, 'empty'))

    const packed = await packSource(dir, {into: into()})
    const out = join(base, 'out')
    mkdirSync(out)
    execFileSync('tar', ['xzf', packed.file, '-C', out])

    expect(() => execFileSync('diff', ['-r', '--no-dereference', dir, out])).not.toThrow()
    expect(statSync(join(out, 'run.sh')).mode & 0o777).toBe(0o755)
    expect(statSync(join(out, 'data.bin')).mode & 0o777).toBe(0o644)
    expect(packed.files).toBe(4)
    expect(statSync(packed.file).mode & 0o777).toBe(0o600)
  })

  it('hold the extra files that were given', async () => {
    const dir = write('app', {'index.html': 'hi'})

    const packed = await packSource(dir, {into: into(), extraFiles: {'.omni/server.mjs': Buffer.from('code')}})

    expect(contents(packed.file)).toEqual(['index.html', '.omni/server.mjs'])
  })
})

describe('what stays out', () => {
  it('is what .gitignore and .omniignore say, the inner and later rule first', async () => {
    const dir = write('app', {
      '.gitignore': '*.log\n/tmp/\n',
      '.omniignore': 'docs\n!keep.log\n',
      'a.log': '',
      'keep.log': '',
      'tmp/x': '',
      'docs/guide.md': '',
      'src/.gitignore': '!b.log\nsecret.txt',
      'src/b.log': '',
      'src/secret.txt': '',
      'src/main.js': '',
    })

    const packed = await packSource(dir, {into: into()})

    expect(contents(packed.file)).toEqual([
      '.gitignore',
      '.omniignore',
      'keep.log',
      'src/',
      'src/.gitignore',
      'src/b.log',
      'src/main.js',
    ])
    expect(left(packed)).toEqual(['a.log ignored', 'docs/ ignored', 'src/secret.txt ignored', 'tmp/ ignored'])
  })

  it('is always history and secrets; installed packages when the build makes them again', async () => {
    const files = {
      '.git/config': '',
      '.env': 'TOKEN=1',
      '.env.production': 'TOKEN=1',
      '.env.example': 'TOKEN=',
      'sub/.env': 'TOKEN=1',
      'node_modules/x/index.js': '',
      'main.js': '',
    }
    const dir = write('app', files)

    const plain = await packSource(dir, {into: into()})
    const rebuilt = await packSource(dir, {into: into(), rebuilds: true})

    expect(left(plain)).toEqual(['.env secret', '.env.production secret', '.git/ history', 'sub/.env secret'])
    expect(contents(plain.file)).toContain('node_modules/x/index.js')
    expect(contents(plain.file)).toContain('.env.example')
    expect(left(rebuilt)).toContain('node_modules/ rebuilt')
    expect(contents(rebuilt.file).join()).not.toContain('node_modules')
  })

  it('comes back when .omniignore lists it with "!"', async () => {
    const dir = write('app', {'.env': 'A=1', '.omniignore': '!.env'})

    expect(contents((await packSource(dir, {into: into()})).file)).toContain('.env')
  })
})

describe('what is refused', () => {
  const refused = async (dir: string, code: string, text: string, options: object = {}) => {
    await expect(packSource(dir, {into: into(), ...options})).rejects.toMatchObject({
      code,
      message: expect.stringContaining(text),
    })
    expect(readdirSync(into())).toEqual([])
  }

  it.each([['/etc/passwd'], ['../outside'], ['a/../../outside']])('a link to %s', async (target) => {
    const dir = write('app', {'a/x': ''})
    write('outside', {})
    symlinkSync(target, join(dir, 'bad-link'))

    await refused(dir, 'MANIFEST_INVALID', "'bad-link'")
  })

  it('a link that leaves through another link', async () => {
    const dir = write('app', {'sub/x': ''})
    symlinkSync('..', join(dir, 'sub/b'))
    symlinkSync('b/../..', join(dir, 'sub/c'))

    await refused(dir, 'MANIFEST_INVALID', "'sub/c'")
  })

  it('a pipe', async () => {
    const dir = write('app', {})
    execFileSync('mkfifo', [join(dir, 'pipe')])

    await refused(dir, 'MANIFEST_INVALID', "'pipe' is a socket, pipe or device")
  })

  it('more files or bytes than the limits', async () => {
    const dir = write('app', {a: '1', b: '2', c: '345'})

    await refused(dir, 'MANIFEST_INVALID', "reached at 'c'", {limits: {files: 2, bytes: 1000}})
    await refused(dir, 'MANIFEST_INVALID', "reached at 'c'", {limits: {files: 9, bytes: 4}})
  })

  it('a file that changes while it is packed', async () => {
    const dir = write('app', {a: 'a', b: 'b'})
    const onEntry = (path: string) => {
      if (path === 'b') writeFileSync(join(dir, 'b'), 'longer')
    }

    await refused(dir, 'CONFLICT', "'b' changed", {onEntry})
  })

  it('nothing, once aborted', async () => {
    const dir = write('app', {a: 'a'.repeat(100_000), b: 'b'})
    const controller = new AbortController()
    const aborted = packSource(dir, {into: into(), signal: controller.signal, onEntry: () => controller.abort()})

    await expect(aborted).rejects.toMatchObject({code: 'ABORTED'})
    expect(readdirSync(into())).toEqual([])
  })

  it('a folder that cannot be read, by name', async () => {
    await expect(packSource(join(base, 'absent'), {into: into()})).rejects.toMatchObject({code: 'IO'})
  })
})

it('the archive is gone after disposal', async () => {
  const dir = write('app', {a: 'a'})
  {
    await using packed = await packSource(dir, {into: into()})
    expect(readFileSync(packed.file).length).toBe(packed.sizeBytes)
  }
  expect(readdirSync(into())).toEqual([])
})
