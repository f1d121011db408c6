import {createHash} from 'node:crypto'
import {PassThrough, Readable} from 'node:stream'
import {setTimeout as later} from 'node:timers/promises'
import {type ExecOptions, poll} from '@omni-cli/sdk'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {createExec} from '../../src/provider/exec.ts'
import {createTestProject, socket, type TestProject} from './test-project.ts'

let project: TestProject

beforeAll(async () => {
  if (socket === undefined) return
  project = await createTestProject()
  await project.launch('web')
})
afterAll(() => project?.remove())

const run = async (argv: readonly string[], options: ExecOptions = {}) => {
  const out: Buffer[] = []
  const err: Buffer[] = []
  const {exitCode} = await createExec(project.client).run('web', argv, {
    onStdout: (chunk) => out.push(chunk),
    onStderr: (chunk) => err.push(chunk),
    ...options,
  })
  return {exitCode, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString()}
}
const sh = (script: string, options?: ExecOptions) => run(['sh', '-c', script], options)

describe.skipIf(socket === undefined)('programs inside of a machine', () => {
  it('gives output, error output and exit status apart', async () => {
    expect(await sh('echo out; echo err >&2; exit 3')).toEqual({exitCode: 3, stdout: 'out\n', stderr: 'err\n'})
  })

  it.each([
    ['nope-program', [], 127],
    ['sh', ['-c', 'exit 127'], 127],
    ['/etc/passwd', [], 126],
    ['sh', ['-c', 'exit 126'], 126],
    ['sh', ['-c', 'exit 255'], 255],
  ])('the status of %s %j is %d', async (program, words, exitCode) => {
    expect((await run([program, ...words])).exitCode).toBe(exitCode)
  })

  it('words reach the program as they are', async () => {
    const words = ['a b', '$HOME', "it's", '', '*', 'ü\n']
    expect((await run(['printf', '[%s]', ...words])).stdout).toBe(words.map((word) => `[${word}]`).join(''))
  })

  it('sends input and its end', async () => {
    expect((await run(['cat'], {stdin: Readable.from([Buffer.from('one '), Buffer.from('two')])})).stdout).toBe(
      'one two',
    )
  })

  it('a program that does not read its input ends without it', async () => {
    const endless = new PassThrough()
    endless.write('x')

    expect((await run(['true'], {stdin: endless})).exitCode).toBe(0)
  })

  it('without input a program reads its end at once', async () => {
    expect(await run(['cat'])).toMatchObject({exitCode: 0, stdout: ''})
  })

  it('the end of a program that ends at once is never taken for a lost connection', async () => {
    const statuses = []
    for (let count = 0; count < 40; count++)
      statuses.push((await run([count % 2 === 0 ? 'true' : 'nope-program'])).exitCode)

    expect(new Set(statuses)).toEqual(new Set([0, 127]))
  })
})

describe.skipIf(socket === undefined)('where and as whom a program runs', () => {
  it('passes environment, folder and user on', async () => {
    const {stdout} = await sh('echo $A $HOME $USER; pwd; id -u; id -g', {env: {A: 'b c'}, cwd: '/tmp', user: 'root'})

    expect(stdout).toBe('b c /root root\n/tmp\n0\n0\n')
  })

  it('runs as a number that has no name', async () => {
    expect((await sh('id -u', {user: '1234'})).stdout).toBe('1234\n')
  })

  it('refuses an unknown user and a folder that is none, before anything runs', async () => {
    await expect(run(['true'], {user: 'roott'})).rejects.toMatchObject({
      code: 'NOT_FOUND',
      hint: "did you mean 'root'?",
    })
    await expect(run(['true'], {cwd: '/nope'})).rejects.toMatchObject({code: 'NOT_FOUND'})
    await expect(run(['true'], {cwd: '/etc/passwd'})).rejects.toMatchObject({code: 'NOT_FOUND'})
    await expect(run(['true'], {cwd: 'tmp'})).rejects.toMatchObject({code: 'USAGE'})
  })

  it('takes a folder through a symbolic link', async () => {
    await sh('ln -sfn /tmp /root/link; ln -sfn link /root/second')

    expect((await run(['pwd'], {cwd: '/root/second'})).stdout).toMatch(/\/(tmp|root\/second)\n/)
  })

  it('refuses an empty command, an unknown machine and a stopped one', async () => {
    const exec = createExec(project.client)
    await expect(exec.run('web', [])).rejects.toMatchObject({code: 'USAGE'})
    await expect(exec.run('web', [''])).rejects.toMatchObject({code: 'USAGE'})
    await expect(exec.run('nope', ['true'])).rejects.toMatchObject({code: 'NOT_FOUND'})

    const machine = await project.launch('off')
    await project.client.operate({
      method: 'PUT',
      path: `/instances/${machine}/state`,
      json: {action: 'stop', force: true},
    })
    await expect(exec.run(machine, ['true'])).rejects.toMatchObject({
      code: 'CONFLICT',
      message: "'off' is not running",
      hint: 'omni start instance off',
    })
  })
})

describe.skipIf(socket === undefined)('much input and output', () => {
  it('200 MB come out whole, as slowly as the reader takes them', async () => {
    const hash = createHash('sha256')
    let size = 0
    await run(['sh', '-c', 'yes 0123456789abcdef | head -c 200000000'], {
      onStdout: async (chunk) => {
        hash.update(chunk)
        size += chunk.length
        if (size % 7 === 0) await later(1)
      },
    })
    const expected = createHash('sha256')
    const line = Buffer.from('0123456789abcdef\n'.repeat(100_000))
    for (let left = 200_000_000; left > 0; left -= line.length) expected.update(line.subarray(0, left))

    expect(size).toBe(200_000_000)
    expect(hash.digest('hex')).toBe(expected.digest('hex'))
  })

  it('100 MB go in whole', async () => {
    const chunk = Buffer.alloc(1_000_000, 'omni input ')
    const hash = createHash('sha256')
    for (let count = 0; count < 100; count++) hash.update(chunk)
    const {stdout} = await run(['sha256sum'], {stdin: Readable.from(Array.from({length: 100}, () => chunk))})

    expect(stdout.split(' ')[0]).toBe(hash.digest('hex'))
  })
})

describe.skipIf(socket === undefined)('a program that is ended from outside', () => {
  it('an abort ends the program and says so', async () => {
    const controller = new AbortController()
    const running = sh('echo ready; exec sleep 4711', {
      signal: controller.signal,
      onStdout: () => controller.abort(),
    })

    await expect(running).rejects.toMatchObject({code: 'ABORTED', message: 'interrupted'})
    expect((await sh('ps | grep -c "[s]leep 4711"')).stdout).toBe('0\n')
  })

  it('an abort kills a program that does not listen', async () => {
    const controller = new AbortController()
    const running = sh('trap "" TERM; echo ready; while :; do sleep 0.1; done', {
      signal: controller.signal,
      onStdout: () => controller.abort(),
    })

    await expect(running).rejects.toMatchObject({code: 'ABORTED'})
    await poll({everyMs: 100, timeoutMs: 5_000}, async () => (await sh('ps | grep -c "[t]rap"')).stdout === '0\n')
  })

  it('a fault of the reader ends the program and is told', async () => {
    const fault = new Error('the pipe is broken')
    const running = run(['yes'], {
      onStdout: () => {
        throw fault
      },
    })

    await expect(running).rejects.toBe(fault)
    await poll({everyMs: 100, timeoutMs: 5_000}, async () => (await sh('ps | grep -c "[y]es$"')).stdout === '0\n')
  })

  it('a machine that is cut off ends the program with what the kernel says', async () => {
    const machine = await project.launch('cut')
    const running = createExec(project.client).run(machine, ['sh', '-c', 'echo ready; sleep 100'], {
      onStdout: () =>
        project.client.operate({method: 'PUT', path: '/instances/cut/state', json: {action: 'stop', force: true}}),
    })

    expect((await running).exitCode).toBe(137)
  })
})

describe.skipIf(socket === undefined)('a program with a terminal', () => {
  it('gives one stream, the size and the status', async () => {
    const terminal = {size: {columns: 91, rows: 37}, onResize: () => () => undefined}
    const {stdout, stderr, exitCode} = await sh('stty size; echo err >&2; exit 5', {terminal})

    expect({stdout, stderr, exitCode}).toEqual({stdout: '37 91\r\nerr\r\n', stderr: '', exitCode: 5})
  })

  it('passes input, new sizes and the end of the input on', async () => {
    const stdin = new PassThrough()
    const sizes: ((size: {columns: number; rows: number}) => void)[] = []
    let seen = ''
    const running = run(['sh'], {
      stdin,
      onStdout: (chunk) => {
        seen += String(chunk)
      },
      terminal: {
        size: {columns: 80, rows: 24},
        onResize: (listener) => {
          sizes.push(listener)
          return () => sizes.splice(0)
        },
      },
    })
    await poll({everyMs: 20, timeoutMs: 5_000}, () => seen.includes('#'))
    for (const tell of sizes) tell({columns: 132, rows: 50})
    await poll({everyMs: 50, timeoutMs: 5_000}, () => {
      stdin.write('stty size\r')
      return seen.includes('50 132')
    })
    stdin.end()

    expect((await running).exitCode).toBe(0)
    expect(sizes).toEqual([])
  })
})
