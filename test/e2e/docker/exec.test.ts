import {randomBytes} from 'node:crypto'
import {writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {poll} from '@omni-cli/sdk'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {createHome, omni, removeHome} from '../harness.ts'

const host = process.env.OMNI_TEST_DOCKER_HOST
const it = test.skipIf(host === undefined)
const name = `exec-${randomBytes(5).toString('hex')}`
const env = {DOCKER_HOST: host}
let home: string
const cli = (...args: string[]) => omni(args, {home, env, timeoutMs: 90_000})

beforeAll(async () => {
  home = await createHome()
  if (host === undefined) return
  const service = `{image: omni-test/busybox:1, command: [sh, -c, 'echo begins; sleep 100000'], env: {MARK: inside}}`
  await writeFile(join(home, 'omni.yaml'), `services:\n  ${name}: ${service}\n`)
  const {code, stderr} = await cli('apply', '-f', join(home, 'omni.yaml'))
  if (code !== 0) throw new Error(stderr)
}, 90_000)
afterAll(async () => {
  if (host !== undefined) await cli('delete', 'service', name, '--yes', '--purge')
  await removeHome(home)
}, 90_000)

it('a program runs inside of the container, with its own exit status', async () => {
  const script = 'echo "$MARK"; echo bad >&2; exit 42'
  expect(await cli('exec', name, '--', 'sh', '-c', script)).toEqual({code: 42, stdout: 'inside\n', stderr: 'bad\n'})
  expect((await cli('exec', name, '--', 'no-such-program')).code).toBe(127)
})

it('input is passed on, and data are given as data', async () => {
  const input = 'one\ntwo\n'
  expect((await omni(['exec', name, '-i', '--', 'cat'], {home, env, input})).stdout).toBe(input)
  const {stdout} = await cli('exec', name, '-o', 'json', '--', 'sh', '-c', 'echo out; exit 3')
  expect(JSON.parse(stdout)).toEqual({exitCode: 3, stdout: 'out\n', stderr: ''})
})

it('on a terminal the program has one', async () => {
  const {code, stdout} = await omni(['exec', name, '--', 'sh', '-c', 'tty; exit 9'], {home, env, tty: true})
  expect(code).toBe(9)
  expect(stdout).toContain('/dev/pts/')
})

it('its logs are read, as text and as data, and by level', async () => {
  await cli('exec', name, '--', 'sh', '-c', 'echo "ERROR boom" > /proc/1/fd/1')
  const texts = async (...args: string[]) => {
    const {stdout} = await cli('logs', name, '-o', 'jsonl', ...args)
    return stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line).text)
  }
  await poll({everyMs: 100, timeoutMs: 10_000}, async () => (await texts()).length === 2)

  expect(await texts()).toEqual(['begins', 'ERROR boom'])
  expect(await texts('--tail', '1')).toEqual(['ERROR boom'])
  expect(await texts('--level', 'error')).toEqual(['ERROR boom'])
  expect((await cli('logs', name, '--no-timestamps')).stdout).toBe(`${name}-0 begins\n${name}-0 ERROR boom\n`)
})
