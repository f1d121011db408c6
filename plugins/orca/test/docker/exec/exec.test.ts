import {randomBytes} from 'node:crypto'
import {poll} from '@omni-cli/sdk'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {createEngine, type Engine} from '../../../src/runtimes/docker/engine/engine.ts'
import {openTransport} from '../../../src/runtimes/docker/engine/transport.ts'
import {openExec, runExec} from '../../../src/runtimes/docker/exec/exec.ts'
import {readExec} from '../../read-exec.ts'

const host = process.env.OMNI_TEST_DOCKER_HOST

const it = test.skipIf(host === undefined)
const name = `omni-exec-${randomBytes(5).toString('hex')}`
let engine: Engine
beforeAll(async () => {
  if (host === undefined) return
  engine = createEngine(openTransport({DOCKER_HOST: host}))
  const json = {Image: 'omni-test/busybox:1', Cmd: ['sleep', '1000'], HostConfig: {Init: true}}
  await engine.call('POST', '/containers/create', {query: {name}, json})
  await engine.call('POST', `/containers/${name}/start`)
})
afterAll(async () => {
  if (host === undefined) return
  await engine.call('DELETE', `/containers/${name}`, {query: {force: true, v: true}})
  engine.close()
})
const id = async () => {
  const found = (await engine.call('GET', `/containers/${name}/json`)) as {Id: string}
  return found.Id
}
const running = async (text: string) => {
  const {Processes} = (await engine.call('GET', `/containers/${name}/top`)) as {Processes: string[][]}
  return Processes.some((row) => row.at(-1)?.includes(text) === true)
}
const open = async (...argv: string[]) => openExec(engine, await id(), {argv})

it('gives its two outputs apart, and its own status', async () => {
  const session = await open('sh', '-c', 'echo out; echo err >&2; exit 7')

  expect(await readExec(session)).toEqual({stdout: 'out\n', stderr: 'err\n', exitCode: 7})
  await session.close()
})

it('gets the bytes that are written to it, all of them', async () => {
  const session = await open('sh', '-c', 'cat | md5sum; echo done')
  const bytes = Buffer.alloc(3 * 1024 * 1024, 'xyz\0')
  const reading = readExec(session)
  for (let at = 0; at < bytes.length; at += 65_536) await session.write(bytes.subarray(at, at + 65_536))
  session.endInput()

  const {createHash} = await import('node:crypto')
  const digest = createHash('md5').update(bytes).digest('hex')
  expect(await reading).toMatchObject({stdout: `${digest}  -\ndone\n`, exitCode: 0})
  await session.close()
})

it.each([
  [127, ['no-such-program']],
  [126, ['/etc']],
  [137, ['sh', '-c', 'kill -9 $$']],
])('ends with %d as in a shell: %j', async (exitCode, argv) => {
  expect((await runExec(engine, await id(), argv, {timeoutMs: 20_000})).exitCode).toBe(exitCode)
})

it('has a terminal of the wanted size, which can change', async () => {
  const argv = ['sh', '-c', 'while read line; do stty size; done; exit 3']
  const session = await openExec(engine, await id(), {argv, terminal: {columns: 91, rows: 31}})
  let text = ''
  const reading = (async () => {
    for await (const {stream, chunk} of session.output) text += `${stream === 'stdout' ? '' : 'not one stream'}${chunk}`
  })()
  const says = (wanted: string) =>
    poll({everyMs: 50, timeoutMs: 10_000}, async () => {
      await session.write(Buffer.from('\n'))
      return text.includes(wanted)
    })
  await says('31 91')
  await session.resize({columns: 100, rows: 40})
  await says('40 100')
  await session.write(Buffer.from('\u0004'))
  await reading

  expect(text).not.toContain('not one stream')
  expect(await session.exitCode).toBe(3)
  await session.close()
})

it('ends with its session, and what it started as well', async () => {
  const session = await open('sh', '-c', 'sleep 777 & echo started; sleep 778')
  for await (const {chunk} of session.output) if (String(chunk).includes('started')) break
  expect([await running('sleep 777'), await running('sleep 778')]).toEqual([true, true])
  await session.close()

  await poll({everyMs: 50, timeoutMs: 10_000}, async () => !(await running('sleep 77')))
  await session.close()
})

it('that takes too long is TIMEOUT, and ends', async () => {
  const run = runExec(engine, await id(), ['sleep', '779'], {timeoutMs: 300})

  await expect(run).rejects.toMatchObject({code: 'TIMEOUT'})
  await poll({everyMs: 50, timeoutMs: 10_000}, async () => !(await running('sleep 779')))
})

it('keeps a bounded part of an endless output', async () => {
  const {output, exitCode} = await runExec(engine, await id(), ['sh', '-c', 'yes | head -c 3000000'], {
    timeoutMs: 30_000,
  })
  expect({length: output.length, exitCode}).toEqual({length: 1024 * 1024, exitCode: 0})
})

it('is a CONFLICT where no container runs', async () => {
  await expect(openExec(engine, 'omni-there-is-none', {argv: ['true']})).rejects.toMatchObject({code: 'CONFLICT'})
})
