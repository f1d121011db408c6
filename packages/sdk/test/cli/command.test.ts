import {type ChildProcess, spawn, spawnSync} from 'node:child_process'
import {once} from 'node:events'
import {openSync} from 'node:fs'
import {mkdtemp} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {afterEach, beforeAll, describe, expect, it} from 'vitest'

/** A whole program with three commands, run from the built package: what happens at the edge of a process is real. */
const program = fileURLToPath(new URL('./fixtures/tiny/run.js', import.meta.url))

let env: NodeJS.ProcessEnv = {}
const children: ChildProcess[] = []

beforeAll(async () => {
  const {PATH, HOME} = process.env
  env = {PATH, HOME, OMNI_HOME: await mkdtemp(join(tmpdir(), 'omni-command-'))}
})

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

const tiny = (...words: string[]) => {
  const {status, stdout, stderr} = spawnSync(process.execPath, [program, ...words], {env, encoding: 'utf8', input: ''})
  return {status, stdout, stderr}
}

function start(words: readonly string[], stdout: 'pipe' | number = 'pipe') {
  const child = spawn(process.execPath, [program, ...words], {env, stdio: ['ignore', stdout, 'pipe']})
  children.push(child)
  let stderr = ''
  child.stderr?.on('data', (chunk) => {
    stderr += chunk
  })
  return {child, closed: once(child, 'close'), stderr: () => stderr}
}

describe('a command that fails', () => {
  it('tells it on stderr and leaves stdout empty', () => {
    expect(tiny('fail')).toEqual({
      status: 4,
      stdout: '',
      stderr: 'error: it went\n  wrong \\e[31m\ntry: tiny fix\n',
    })
  })

  it.each(['json', 'yaml', 'jsonl'])('tells it on stdout, too, as one object with -o %s', (format) => {
    const {status, stdout} = tiny('fail', '-o', format)

    expect(status).toBe(4)
    expect(stdout.trimEnd().split('\n')).toHaveLength(1)
    expect(JSON.parse(stdout)).toEqual({
      error: {code: 'NOT_FOUND', message: 'it went\nwrong \u001b[31m', hint: 'tiny fix', details: {a: 1}},
    })
  })

  it('by a bug says how to report it, with the stack when asked, and never a secret', () => {
    const plain = tiny('fail', '--how', 'bug', '--token', 'sekrit')
    const debug = tiny('fail', '--how', 'bug', '--token', 'sekrit', '--debug')

    expect(plain).toMatchObject({status: 1, stdout: '', stderr: expect.stringContaining('please report it')})
    expect(plain.stderr).not.toContain('    at ')
    expect(debug.stderr).toContain('    at ')
    expect(plain.stderr + debug.stderr).not.toContain('sekrit')
  })

  it.each(['table', 'json'])('by waiting for what can never come is a bug, and no success (-o %s)', (format) => {
    const {status, stdout, stderr} = tiny('fail', '--how', 'never', '-o', format)

    expect(status).toBe(1)
    expect(stderr).toContain('error: the command stopped before its work was done\n')
    expect(stderr).toContain('please report it')
    if (format === 'json') expect(JSON.parse(stdout)).toMatchObject({error: {code: 'BUG'}})
  })

  it.each([
    [['fail', '--hwo', 'x'], "error: unknown flag '--hwo'\ntry: did you mean '--how'? (tiny fail --help)\n"],
    [['rows', '--count', 'x'], 'error: --count: expected an integer but received: x\ntry: tiny rows --help\n'],
    [
      ['rows', '-o', 'tabel'],
      'error: expected --output=tabel to be one of: table, wide, json, yaml, jsonl, name\ntry: tiny rows --help\n',
    ],
    [['rows', '--context', ''], 'error: --context is empty\n'],
    [['rows', '--json', '-o', 'yaml'], 'error: --json and --output yaml contradict each other\n'],
  ])('because of %j ends with 2', (words, stderr) => {
    expect(tiny(...words)).toMatchObject({status: 2, stderr})
  })

  it('by its words tells so as JSON when they ask for it', () => {
    const {status, stdout} = tiny('rows', '--nope', '--json')

    expect(status).toBe(2)
    expect(JSON.parse(stdout)).toMatchObject({error: {code: 'USAGE', message: "unknown flag '--nope'"}})
  })

  it('asks nobody when nobody is there', () => {
    expect(tiny('fail', '--how', 'confirm')).toMatchObject({status: 2, stderr: expect.stringContaining('--yes')})
  })
})

describe('progress', () => {
  it('is a line per start and end where no terminal is, on stderr', () => {
    const {stdout, stderr} = tiny('fail', '--how', 'progress')

    expect(stdout).toBe('')
    expect(stderr.replaceAll(/\(\d+ms\)/g, '(T)')).toBe(
      '• first …\n• first … done (T)\n• second …\n• second … failed (T): too late\nerror: too late\n',
    )
  })

  it('is JSON lines with -o jsonl and nothing with --quiet', () => {
    const lines = tiny('fail', '--how', 'progress', '-o', 'jsonl').stderr.trimEnd().split('\n')

    expect(lines.slice(0, -1).map((line) => JSON.parse(line).status)).toEqual([
      'started',
      'running',
      'done',
      'started',
      'failed',
    ])
    expect(tiny('fail', '--how', 'progress', '--quiet').stderr).toBe('error: too late\n')
  })
})

describe('stdout', () => {
  it('that is a full disk is an error', async () => {
    for (const command of ['rows', 'follow']) {
      const {closed, stderr} = start([command], openSync('/dev/full', 'w'))

      expect(await closed).toEqual([13, null])
      expect(stderr()).toBe('error: cannot write to stdout: the disk is full\n')
    }
  })

  it('that is closed by the reader ends the command quietly', async () => {
    for (const words of [['follow'], ['rows', '--count', '50000']]) {
      const {child, closed, stderr} = start(words)
      child.stdout?.once('data', () => child.stdout?.destroy())

      expect(await closed).toEqual([141, null])
      expect(stderr()).toBe('')
    }
  })

  it('holds nothing but the data', () => {
    const {status, stdout, stderr} = tiny('rows', '--count', '2', '-o', 'name')

    expect({status, stdout, stderr}).toEqual({status: 0, stdout: 'row/name-value-0\nrow/name-value-1\n', stderr: ''})
  })

  it('has the format of OMNI_OUTPUT unless a flag says another', () => {
    const withEnv = (...words: string[]) =>
      spawnSync(process.execPath, [program, ...words], {env: {...env, OMNI_OUTPUT: 'name'}, encoding: 'utf8'}).stdout

    expect(withEnv('rows', '--count', '1')).toBe('row/name-value-0\n')
    expect(JSON.parse(withEnv('rows', '--count', '1', '--json'))).toHaveLength(1)
  })
})

describe('Ctrl-C', () => {
  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s ends the work, says so and exits with 130', async (signal) => {
    const {child, closed, stderr} = start(['follow'])
    await once(child.stdout ?? child, 'data')
    child.kill(signal)

    expect(await closed).toEqual([130, null])
    expect(stderr()).toBe('interrupted, stopping; press Ctrl-C again to stop at once\nerror: interrupted\n')
  })

  it('tells what was done before it, when the command knows', async () => {
    const {child, closed, stderr} = start(['fail', '--how', 'half', '-o', 'json'])
    const stdout: string[] = []
    child.stdout?.on('data', (chunk) => stdout.push(String(chunk)))
    await once(child.stderr ?? child, 'data')
    child.kill('SIGINT')

    expect(await closed).toEqual([130, null])
    expect(stderr()).toContain('error: interrupted: 1 done\n')
    expect(JSON.parse(stdout.join(''))).toMatchObject({error: {code: 'ABORTED', details: {done: ['a']}}})
  })

  it('a second time ends a command that does not listen', async () => {
    const {child, closed, stderr} = start(['fail', '--how', 'deaf'])
    await once(child.stderr ?? child, 'data')
    child.kill('SIGINT')
    while (!stderr().includes('press Ctrl-C again')) await once(child.stderr ?? child, 'data')
    child.kill('SIGINT')

    expect(await closed).toEqual([130, null])
  })
})
