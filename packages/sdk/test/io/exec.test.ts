import {PassThrough, Readable} from 'node:stream'
import {createExec, type Logger, silentLogger, sleep} from '@omni-cli/sdk'
import {describe, expect, it} from 'vitest'

const exec = createExec({log: silentLogger})
const node = (script: string, ...words: string[]): [string, ...string[]] => [
  process.execPath,
  '-e',
  script,
  '--',
  ...words,
]

describe('exec', () => {
  it('gives status and output as they are; a status other than 0 is a result', async () => {
    const script = 'process.stdout.write("out\\n\\n"); process.stderr.write("err"); process.exit(3)'

    await expect(exec(node(script))).resolves.toEqual({exitCode: 3, stdout: 'out\n\n', stderr: 'err'})
  })

  it('passes words byte for byte, without a shell', async () => {
    const words = ['$HOME', 'a b', '; rm -rf x', '`id`', '*', "'", '"', 'ü\n', '']
    const {stdout} = await exec(node('process.stdout.write(JSON.stringify(process.argv.slice(1)))', ...words))

    expect(JSON.parse(stdout)).toEqual(words)
  })

  it('passes input, folder and environment', async () => {
    const script = 'process.stdin.on("data", (d) => process.stdout.write(d + process.cwd() + process.env.OMNI_X))'
    const {stdout} = await exec(node(script), {input: 'in:', cwd: '/', env: {OMNI_X: ':x'}})

    expect(stdout).toBe('in:/:x')
  })

  it('leaves the terminal of the user alone: stdin is empty', async () => {
    const {stdout} = await exec(node('process.stdin.on("end", () => console.log("ended")).resume()'))

    expect(stdout).toBe('ended\n')
  })

  it('hands over output as it comes', async () => {
    const chunks: string[] = []
    await exec(node('console.log("one")'), {onStdout: (chunk) => chunks.push(chunk.toString())})

    expect(chunks.join('')).toBe('one\n')
  })

  it('says that a program is not installed, and that a folder is not there', async () => {
    await expect(exec(['omni-no-such-program'])).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: "the program 'omni-no-such-program' is not installed",
    })
    await expect(exec(node(''), {cwd: '/no/such/folder'})).rejects.toMatchObject({code: 'NOT_FOUND'})
    await expect(exec(['/etc/passwd'])).rejects.toMatchObject({code: 'IO'})
  })

  it('ends a program that takes too long, and one that is not wanted any more', async () => {
    const forever = node('process.stdout.write("up"); setInterval(() => 0, 1000)')
    const controller = new AbortController()

    await expect(exec(forever, {timeoutMs: 300})).rejects.toMatchObject({code: 'TIMEOUT'})
    await expect(exec(forever, {signal: controller.signal, onStdout: () => controller.abort()})).rejects.toMatchObject({
      code: 'ABORTED',
    })
    await expect(exec(forever, {signal: AbortSignal.abort()})).rejects.toMatchObject({code: 'ABORTED'})
  })

  it('reports a program that a signal ended like a shell does', async () => {
    await expect(exec(node('process.kill(process.pid, "SIGKILL")'))).resolves.toMatchObject({exitCode: 137})
  })

  it('logs the words and no secret', async () => {
    const lines: string[] = []
    const log: Logger = {debug: (message, fields) => lines.push(`${message} ${JSON.stringify(fields)}`)}
    await createExec({log, secrets: ['hunter22']})(node('0', '--token', 'abc', 'x-hunter22'))

    expect(lines).toHaveLength(1)
    expect(lines[0]).toContain('"exitCode":0')
    expect(lines[0]).not.toMatch(/abc|hunter22/)
  })
})

describe('streams of exec', () => {
  it('hands over output of any length as slowly as it is taken, and keeps none of it when told so', async () => {
    let size = 0
    let atOnce = 0
    const onStdout = async (chunk: Buffer) => {
      expect(++atOnce).toBe(1)
      await sleep(0)
      size += chunk.length
      atOnce--
    }
    const script = 'process.stdout.write(Buffer.alloc(3_000_000, "x"))'

    await expect(exec(node(script), {keepsOutput: false, onStdout})).resolves.toMatchObject({exitCode: 0, stdout: ''})
    expect(size).toBe(3_000_000)
  })

  it('passes a stream as input, and lets go of one that the program does not read to its end', async () => {
    const endless = new PassThrough()
    endless.write('first\n')

    const {stdout} = await exec(node('process.stdin.pipe(process.stdout)'), {input: Readable.from(['a', 'b'])})
    expect(stdout).toBe('ab')
    await expect(
      exec(node('process.stdin.once("data", () => process.exit(4))'), {input: endless}),
    ).resolves.toMatchObject({exitCode: 4})
    expect(endless.destroyed).toBe(false)
    const broken = Readable.from(
      (async function* () {
        yield 'half'
        throw new Error('the disk is gone')
      })(),
    )
    await expect(exec(node('process.stdin.resume()'), {input: broken})).rejects.toThrow('the disk is gone')
  })
})
