import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {chmod, mkdir, readdir, readFile, rm, stat, writeFile} from 'node:fs/promises'
import {createServer} from 'node:net'
import {join} from 'node:path'
import type {Service} from '@omni-cli/sdk'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {webServer, writeApp} from './app-folder.ts'
import {createHome, OMNI_BIN, omni, omniEnv, processesOf, removeHome, run as runProgram} from './harness.ts'

let home: string
beforeAll(async () => {
  home = await createHome()
})
afterAll(() => removeHome(home))

const run = (...args: string[]) => omni(args, {home})
const statusOf = async (name: string): Promise<Service> => JSON.parse((await run('status', name, '-o', 'json')).stdout)
const packs = () => readdir(join(home, '.ome', 'cache', 'sources')).catch(() => [])

/** A line of shell with Node as $1 and the program as $2. */
const shell = (line: string) => runProgram(['/bin/bash', '-c', line, 'bash', process.execPath, OMNI_BIN], {home})

/** An omni.yaml with one service that runs `main.mjs`. */
const plan = (name: string, more = ''): string => `services:
  ${name}:
    source: .
    command: node main.mjs
    port: 3000
    deploy: {ready_timeout_secs: 2, drain_secs: 0}
    stop_grace_secs: 1
${more}`

describe('a service that is no good', () => {
  const up = async (name: string, code: string, more = '') =>
    run('up', await writeApp(home, name, {'omni.yaml': plan(name, more), 'main.mjs': code}))

  it('exits at once: the exit code and the last lines are told', async () => {
    const result = await up('exits', 'process.stderr.write("no licence\\n"); process.exit(42)')

    expect(result.code).toBe(9)
    expect(result.stderr).toContain('code 42')
    expect(result.stderr).toContain('no licence')
    expect(result.stderr).toContain('no version of it serves')
    expect(await run('status')).toMatchObject({code: 9, stdout: expect.stringContaining('exits')})

    const same = await run('up', join(home, 'exits'))
    expect(same, 'a second try is no success').toMatchObject({code: 9, stderr: expect.stringContaining('no licence')})
    await writeFile(join(home, 'exits', 'main.mjs'), webServer('mended'))
    expect((await run('up', join(home, 'exits'))).code).toBe(0)
    expect((await run('delete', 'service', 'exits', '--yes')).code).toBe(0)
  })

  it('never listens: it is given up after its time', async () => {
    const result = await up('deaf', 'setInterval(() => undefined, 1000)')

    expect(result).toMatchObject({code: 9, stderr: expect.stringMatching(/deaf.*ready/s)})
    expect((await run('delete', 'service', 'deaf', '--yes')).code).toBe(0)
  })

  it('answers 500: it does not become ready', async () => {
    const code = webServer('x').replace('response.end', 'response.writeHead(500).end')
    const result = await up('ill', code, '    readiness: {path: /, interval_secs: 0.2}\n')

    expect(result).toMatchObject({code: 9, stderr: expect.stringContaining('500')})
    expect((await run('delete', 'service', 'ill', '--yes')).code).toBe(0)
  })

  it('answers 500 without any probe: it runs, and the exit status says that it is not well', async () => {
    const result = await up('sour', webServer('x').replace('response.end', 'response.writeHead(500).end'))

    expect(result).toMatchObject({code: 9, stdout: expect.stringContaining('answers 500')})
    expect((await run('health', 'sour')).code).toBe(9)
    expect((await run('delete', 'service', 'sour', '--yes')).code).toBe(0)
  })

  it('ignores SIGTERM and forks: stop ends all of it', async () => {
    const code = `
import {spawn} from 'node:child_process'
spawn('sleep', ['987'], {stdio: 'ignore'})
process.on('SIGTERM', () => undefined)
${webServer('stubborn').replace(/process\.on.*\n/, '')}`
    expect((await up('stubborn', code)).code).toBe(0)

    expect((await run('stop', 'stubborn')).code).toBe(0)
    const left = await Promise.all(
      (await processesOf(home)).map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
    )
    expect(left.filter((command) => command.includes('987') || command.includes('main.mjs'))).toEqual([])
    expect((await run('delete', 'service', 'stubborn', '--yes')).code).toBe(0)
  })

  it('prints a lot: it is served meanwhile, and the tail is right', async () => {
    const flood = "for (let i = 1; i <= 200000; i++) process.stdout.write('x'.repeat(100) + i + '\\n')"
    expect((await up('loud', webServer('loud', flood))).code).toBe(0)

    await expect.poll(async () => (await run('logs', 'loud', '--tail', '2')).stdout).toContain('x200000')
    const head = await shell('"$1" "$2" logs loud | head -1; exit "$' + '{PIPESTATUS[0]}"')
    expect(head).toMatchObject({code: 141, stderr: ''})
    expect(head.stdout.split('\n')).toHaveLength(2)
    expect((await run('delete', 'service', 'loud', '--yes')).code).toBe(0)
  })

  it('wants a port that is taken: refused by name, nothing is left', async () => {
    const holder = createServer().listen(0, '127.0.0.1')
    await once(holder, 'listening')
    const address = holder.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const dir = await writeApp(home, 'taken', {'omni.yaml': plan('taken'), 'main.mjs': webServer('x')})

    const result = await run('up', dir, '--port', String(port))
    holder.close()

    expect(result.code).not.toBe(0)
    expect(result.stderr).toContain(String(port))
    expect((await run('up', dir)).code, 'with a free port it works').toBe(0)
    expect((await run('delete', 'service', 'taken', '--yes')).code).toBe(0)
  })
})

describe('Ctrl-C', () => {
  /** Runs omni up until the text is on stderr or the file is there, then sends SIGINT. */
  const interruptAt = async (dir: string, mark: {text?: string; file?: string}) => {
    const child = spawn(process.execPath, [OMNI_BIN, 'up', dir], {env: omniEnv(home), cwd: home})
    const closed = once(child, 'close')
    let stderr = ''
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk
    })
    const isThere = () =>
      mark.file === undefined ? stderr.includes(mark.text ?? '') : stat(mark.file).then(Boolean, () => false)
    await expect.poll(isThere, {timeout: 10_000, interval: 5}).toBe(true)
    child.kill('SIGINT')
    const [code] = await closed
    return {code, stderr}
  }

  it('while packing: no archive is left', async () => {
    const many = Object.fromEntries(Array.from({length: 3000}, (_, index) => [`f/${index}.txt`, 'x'.repeat(2000)]))
    const dir = await writeApp(home, 'big', {...many, 'omni.yaml': plan('big'), 'main.mjs': webServer('x')})

    const {code} = await interruptAt(dir, {text: 'package'})

    expect(code).toBe(130)
    expect(await packs()).toEqual([])
    expect((await run('status', 'big')).code).toBe(4)
  })

  it('while building: the build ends, and the version before serves', async () => {
    const started = join(home, 'slow-started')
    const build = "    build: {commands: [['node', 'build.mjs']]}\n"
    const files = {'omni.yaml': plan('slow', build), 'main.mjs': webServer('good'), 'build.mjs': ''}
    const dir = await writeApp(home, 'slow', files)
    expect((await run('up', dir)).code).toBe(0)
    await writeFile(
      join(dir, 'build.mjs'),
      `import {writeFileSync} from 'node:fs'; writeFileSync('${started}', ''); setInterval(() => undefined, 1000)`,
    )

    const {code} = await interruptAt(dir, {file: started})

    expect(code).toBe(130)
    expect(await packs()).toEqual([])
    await expect.poll(async () => (await statusOf('slow')).status).toBe('running')
    const commands = async () =>
      (
        await Promise.all(
          (await processesOf(home)).map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
        )
      ).filter((command) => command.includes('build.mjs'))
    await expect.poll(commands).toEqual([])
  })

  it('while starting: the new replica goes, and the version before serves', async () => {
    const dir = await writeApp(home, 'late', {'omni.yaml': plan('late'), 'main.mjs': webServer('good')})
    expect((await run('up', dir)).code).toBe(0)
    const pids = (await statusOf('late')).replicas.map(({pid}) => pid)
    const started = join(home, 'late-started')
    const hanging = `import {writeFileSync} from 'node:fs'; writeFileSync('${started}', ''); setInterval(() => 0, 1000)`
    await writeFile(join(dir, 'main.mjs'), hanging)

    const {code} = await interruptAt(dir, {file: started})

    expect(code).toBe(130)
    await expect.poll(async () => (await statusOf('late')).replicas.map(({pid}) => pid)).toEqual(pids)
    expect((await run('stop', 'late', 'slow')).code).toBe(0)
  })
})

describe('several at once', () => {
  it('of two omni up, one does it and the other says who is at work, or both succeed', async () => {
    const dir = await writeApp(home, 'twice', {'omni.yaml': plan('twice'), 'main.mjs': webServer('x')})

    const results = await Promise.all([run('up', dir), run('up', dir)])

    const codes = results.map(({code}) => code).sort((a, b) => a - b)
    expect(
      [
        [0, 0],
        [0, 11],
      ],
      results.map(({stderr}) => stderr).join('\n'),
    ).toContainEqual(codes)
    const refused = results.find(({code}) => code === 11)
    if (refused !== undefined) expect(refused.stderr).toContain('at work here')
    expect((await statusOf('twice')).runningReplicas).toBe(1)
  })
})

describe('names', () => {
  it.each(['../x', '', 'x'.repeat(300), '__proto__', 'a\nb', '😀', '\u202eweb'])(
    '%j is refused and harms nothing',
    async (name) => {
      for (const verb of ['logs', 'stop', 'releases', 'status']) {
        const {code, stderr} = await run(verb, '--', name)

        expect([2, 4], `${verb}: ${stderr}`).toContain(code)
        expect(stderr).not.toContain('\u202e')
        expect(stderr).not.toContain('bug')
      }
    },
  )

  it('-rf is a flag nobody knows', async () => {
    expect(await run('stop', '-rf')).toMatchObject({code: 2})
    expect((await run('up', home, '--name', '../x')).code).not.toBe(0)
  })
})

describe('bad places', () => {
  it('stdout that is full is an error', async () => {
    const full = await shell('"$1" "$2" status >/dev/full')
    expect(full).toMatchObject({code: 13, stderr: expect.stringContaining('stdout')})
  })

  it('a folder that is none, a file, and one that holds nothing', async () => {
    await writeFile(join(home, 'file'), '')
    await mkdir(join(home, 'empty'))

    expect(await run('up', join(home, 'absent'))).toMatchObject({code: 4, stderr: expect.stringContaining('absent')})
    expect((await run('up', join(home, 'file'))).code).toBe(4)
    expect(await run('up', join(home, 'empty'))).toMatchObject({code: 3, stderr: expect.stringContaining('Procfile')})
  })

  it('without HOME, and with one that cannot be written, it says so and does not hang', async () => {
    const dir = join(home, 'locked')
    await writeFile(dir, 'a file in the place of the folder')
    const bad = await omni(['up', join(home, 'twice')], {home, env: {OMNI_HOME: join(dir, '.ome')}})
    expect(bad.code).toBe(13)
    expect(bad.stderr).toContain('locked')
    const none = await omni(['status'], {home, env: {HOME: undefined}})
    expect([0, 9]).toContain(none.code)
    await chmod(dir, 0o600)
    await rm(dir)
  })
})
