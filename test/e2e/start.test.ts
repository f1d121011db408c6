import {execFileSync} from 'node:child_process'
import {chmod, mkdir, readFile, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import type {CommandIndex} from '../../src/start/index-file.ts'
import {createHome, OMNI_BIN, omni, removeHome, run} from './harness.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const index: CommandIndex = JSON.parse(await readFile(join(root, 'dist', 'index.json'), 'utf8'))
const {version} = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))

let home: string
beforeEach(async () => {
  home = await createHome()
})
afterEach(() => removeHome(home))

describe('what is answered before any command is loaded', () => {
  it.each(['--version', '-v'])('%s', async (flag) => {
    const {code, stdout, stderr} = await omni([flag], {home})

    expect({code, stderr}).toEqual({code: 0, stderr: ''})
    expect(stdout).toBe(`omni ${version} ${process.platform}-${process.arch} node-${process.version}\n`)
  })

  it('the root help names every first word, and is the same in all its spellings', async () => {
    const [plain, flag, short, word] = await Promise.all(
      [[], ['--help'], ['-h'], ['help']].map((args) => omni(args, {home})),
    )

    const firstWords = new Set(
      Object.entries(index.commands).flatMap(([id, {hidden}]) => (hidden ? [] : [id.split(':', 1)[0] ?? id])),
    )
    for (const name of firstWords) expect(plain?.stdout).toMatch(new RegExp(`^ {2}${name} `, 'm'))
    expect(new Set([plain?.stdout, flag?.stdout, short?.stdout, word?.stdout]).size).toBe(1)
    expect(plain?.code).toBe(0)
  })

  it('the answers survive a reader that goes away', async () => {
    const {stderr} = await run(['bash', '-c', `"${process.execPath}" "${OMNI_BIN}" --help | head -1`], {home})

    expect(stderr).toBe('')
  })
})

describe('stdout that is a full disk', () => {
  it.each(['--version', '--help', 'status --help', 'server --help', 'help status'])('%s says so', async (words) => {
    const line = `exec "${process.execPath}" "${OMNI_BIN}" ${words} > /dev/full`

    expect(await run(['bash', '-c', line], {home})).toEqual({
      code: 13,
      stdout: '',
      stderr: 'error: cannot write to stdout: the disk is full\n',
    })
  })

  it('does not hide another error', async () => {
    const line = `exec "${process.execPath}" "${OMNI_BIN}" statsu --json > /dev/full`

    expect(await run(['bash', '-c', line], {home})).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^error: unknown command 'statsu'\n(try: .*\n)+$/),
    })
  })
})

describe('a word that is no command', () => {
  it('exits 2 with the nearest names, and runs none of them', async () => {
    const {code, stdout, stderr} = await omni(['statsu'], {home})

    expect({code, stdout}).toEqual({code: 2, stdout: ''})
    expect(stderr).toMatch(/^error: unknown command 'statsu'\ntry: omni status\n/)
    expect(stderr.match(/^try:/gm)?.length).toBeLessThanOrEqual(3)
  })

  it('is told in JSON to a program', async () => {
    const {code, stdout} = await omni(['plugin', 'instal', 'x', '--json'], {home})

    expect(code).toBe(2)
    expect(JSON.parse(stdout)).toMatchObject({
      error: {code: 'USAGE', hint: expect.stringContaining('omni plugin install')},
    })
  })

  it.each(['../x', '__proto__', 'constructor', '-rf', 'x\ny', '🙂', 'a:b:c:d:e', 'x'.repeat(300), ''])(
    '%j does no harm',
    async (word) => {
      const {code, stdout} = await omni([word], {home})

      expect({code, stdout}).toEqual({code: 2, stdout: ''})
    },
  )
})

describe('the short way and the long way tell the same', () => {
  const visible = Object.keys(index.commands).filter((id) => index.commands[id]?.hidden === false)
  // Two starts each: without the engines' time only one command of each topic.
  const isFirst = (id: string) => visible.find((other) => other.split(':')[0] === id.split(':')[0]) === id
  const tried = process.env.OMNI_TEST_ENGINES === '1' ? visible : visible.filter(isFirst)
  const lines: readonly (readonly [string, readonly string[]])[] = [
    ...tried.map((id): [string, readonly string[]] => [`${id} --no-such-flag`, [...id.split(':'), '--no-such-flag']]),
    ['help of a command', ['server', 'start', '--help']],
    ['colons', ['plugin:list', '-o', 'json']],
    ['an extra word', ['version', 'x']],
    ['a wrong value', ['version', '-o', 'xml']],
    ['a missing value', ['version', '--output']],
    ['contradicting flags', ['version', '--json', '-o', 'yaml']],
    ['a missing argument', ['plugin', 'install']],
    ['help of a topic', ['server', '--help']],
    ['help by word', ['help', 'plugin', 'install']],
    ['after --', ['alias', '--', '--json']],
    ['data', ['alias', 'list', '-o', 'json']],
    ['names', ['plugin', 'list', '-o', 'name']],
  ]

  it.each(lines)('%s', {timeout: 60_000}, async (_, args) => {
    const [short, long] = await Promise.all([omni(args, {home}), omni(args, {home, env: {OMNI_FULL_START: '1'}})])

    expect(short).toEqual(long)
  })
})

describe('Node', () => {
  const oldNodes = ['/usr/bin/node', '/usr/local/bin/node'].filter((path) => isOld(path))

  it.skipIf(oldNodes.length === 0)('an older one goes on with the one of this tree', async () => {
    const {code, stdout} = await run([oldNodes[0] ?? '', OMNI_BIN, '--version'], {home})

    expect({code, stdout}).toEqual({code: 0, stdout: expect.stringMatching(/node-v2[4-9]/)})
  })

  it.skipIf(oldNodes.length === 0)('an older one alone says in one line what is needed', async () => {
    const copy = join(home, 'omni', 'bin')
    await mkdir(copy, {recursive: true})
    await writeFile(join(copy, 'run.js'), await readFile(OMNI_BIN))

    const {code, stdout, stderr} = await run([oldNodes[0] ?? '', join(copy, 'run.js'), 'status'], {home})

    expect({code, stdout}).toEqual({code: 1, stdout: ''})
    expect(stderr).toMatch(/^error: omni needs Node 24 or newer.*\n$/)
  })
})

describe('a home that cannot be used', () => {
  it('does not keep version and help from answering', async () => {
    const env = {HOME: '/nonexistent', OMNI_HOME: undefined}

    expect(await omni(['--version'], {home, env})).toMatchObject({code: 0, stderr: ''})
    expect(await omni(['--help'], {home, env})).toMatchObject({code: 0, stderr: ''})
  })

  it('that is a file is told as what it is', async () => {
    const file = join(home, 'file')
    await writeFile(file, '')
    const env = {OMNI_HOME: file}

    expect(await omni(['plugin', 'list', '-o', 'name'], {home, env})).toMatchObject({code: 0, stderr: ''})
    expect(await omni(['plugin', 'install', 'x'], {home, env})).toMatchObject({
      code: 13,
      stderr: `error: cannot keep plugins in '${join(file, 'plugins')}': a part of the path is not a folder\n`,
    })
    const {code, stdout} = await omni(['doctor', '-o', 'json'], {home, env})
    const wrong = JSON.parse(stdout).findings.filter(({status}: {status: string}) => status !== 'ok')
    expect({code, wrong}).toEqual({
      code: 9,
      wrong: [{subject: 'home', status: 'error', message: `'${file}' is no folder`, fix: expect.any(String)}],
    })
  })

  it('a command that only reads works where nothing can be written', async () => {
    await chmod(join(home, '.ome'), 0o500)

    expect(await omni(['alias', 'list'], {home})).toMatchObject({code: 0})
  })
})

function isOld(path: string): boolean {
  try {
    return Number(execFileSync(path, ['--version'], {encoding: 'utf8'}).slice(1).split('.')[0]) < 24
  } catch {
    return false
  }
}
