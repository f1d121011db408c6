import {readdirSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import type {RuntimeEvent} from '../../src/runtimes/runtime.ts'
import {answerOf, isAlive, nodeCommand, openTestHome, specOf, type TestHome, until} from './test-home.ts'

let test: TestHome
beforeEach(() => {
  test = openTestHome()
})
afterEach(() => test.close())

const SERVER = nodeCommand(
  'require("http").createServer((q, s) => s.end([process.env.OMNI_REPLICA, process.pid].join(" "))).listen(process.env.PORT)',
)
const FOREVER = 'setInterval(() => {}, 1000)'

describe('a replica', () => {
  it('listens on a port of its own and knows who it is', async () => {
    const [first, second] = await Promise.all([0, 1].map((index) => test.start({port: 80, command: SERVER}, {index})))

    expect(await answerOf(first?.address)).toBe(`web-0 ${first?.pid}`)
    expect(await answerOf(second?.address)).toBe(`web-1 ${second?.pid}`)
    expect(first?.address).not.toBe(second?.address)
    expect(await test.runtime.list()).toEqual(expect.arrayContaining([first, second]))
  })

  it('has no address without a port', async () => {
    const {address} = await test.start({command: nodeCommand(FOREVER)})

    expect(address).toBeUndefined()
  })

  it('sees its own environment, ours only as far as it is harmless', async () => {
    process.env.OMNI_TEST_SECRET = 'hidden'
    const {id} = await test.start(
      {command: nodeCommand('console.log(JSON.stringify(process.env))'), port: 80},
      {env: {GREETING: 'hello "world"', PATH: process.env.PATH ?? ''}},
    )
    delete process.env.OMNI_TEST_SECRET
    await test.exitOf(id)
    const [seen] = (await test.text('web')).map((text): Record<string, string> => JSON.parse(text))

    expect(seen).toMatchObject({
      GREETING: 'hello "world"',
      OMNI_SERVICE: 'web',
      OMNI_RELEASE: 'r1',
      OMNI_REPLICA: 'web-0',
      HOME: process.env.HOME,
    })
    expect(seen?.PORT).toMatch(/^\d+$/)
    expect(seen).not.toHaveProperty('OMNI_TEST_SECRET')
    expect(Object.keys(seen ?? {}).filter((name) => name.startsWith('VITEST'))).toEqual([])
  })

  it('keeps nothing of its environment on the disk', async () => {
    await test.start({command: nodeCommand(FOREVER)}, {env: {PASSWORD: 'tops3cret'}})

    const folder = join(test.home, 'engine', 'instances')
    for (const name of readdirSync(folder)) expect(readFileSync(join(folder, name), 'utf8')).not.toContain('tops3cret')
  })

  it.each([
    ['a code', 'process.exit(7)', {code: 7}],
    ['success', '0', {code: 0}],
    ['a signal', 'process.kill(process.pid, "SIGSEGV")', {signal: 'SIGSEGV'}],
  ])('ends with %s, and its last words are in the log when that is told', async (_, script, exit) => {
    const told = Promise.withResolvers<RuntimeEvent>()
    const unsubscribe = test.runtime.subscribe(told.resolve)
    const {id} = await test.start({command: nodeCommand(`console.log("one"); console.error("last words"); ${script}`)})

    const event = await told.promise
    unsubscribe()
    expect(event).toMatchObject({type: 'exited', instance: {id, state: 'exited', exit}})
    expect((await test.runtime.lastLines(id, 5)).sort()).toEqual(['last words', 'one'])
    expect(await test.runtime.list()).toMatchObject([{id, state: 'exited', exit}])
  })

  it.each([
    [
      'a program that does not exist',
      'no-such-program --x',
      /cannot start 'no-such-program': there is no such program/,
    ],
    ['a file that is no program', '/etc/passwd', /cannot start '\/etc\/passwd': it is not executable/],
  ])('of %s fails to start and leaves nothing', async (_, command, message) => {
    await expect(test.start({command})).rejects.toMatchObject({
      code: 'DEPLOY_FAILED',
      message: expect.stringMatching(message),
      details: {reason: 'StartFailed'},
    })
    expect(await test.runtime.list()).toEqual([])
    expect(readdirSync(join(test.home, 'engine', 'instances'))).toEqual([])
  })

  it('runs in its working_dir, which must exist', async () => {
    await expect(test.start({command: 'pwd', working_dir: 'missing'})).rejects.toMatchObject({code: 'DEPLOY_FAILED'})
  })
})

describe('stop', () => {
  it('lets it end by itself within the grace', async () => {
    const script = `process.on('SIGTERM', () => { console.log('bye'); process.exit(3) }); console.log('up'); ${FOREVER}`
    const {id} = await test.start({command: nodeCommand(script)})
    await until(async () => (await test.text('web')).includes('up'))

    expect(await test.runtime.stop(id, {graceMs: 5000})).toMatchObject({code: 3})
    expect(await test.text('web')).toContain('bye')
  })

  it('kills what ignores SIGTERM after the grace, and does not wait longer', async () => {
    const {id, pid = 0} = await test.start({
      command: nodeCommand(`process.on('SIGTERM', () => {}); console.log('up'); ${FOREVER}`),
    })
    await until(async () => (await test.text('web')).includes('up'))
    const startedAt = performance.now()

    expect(await test.runtime.stop(id, {graceMs: 300})).toMatchObject({signal: 'SIGKILL'})
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(290)
    expect(isAlive(pid)).toBe(false)
  })

  it('with a shorter grace overtakes one with a longer', async () => {
    const {id} = await test.start({
      command: nodeCommand(`process.on('SIGTERM', () => {}); console.log('up'); ${FOREVER}`),
    })
    await until(async () => (await test.text('web')).includes('up'))

    const slow = test.runtime.stop(id, {graceMs: 60_000})
    await test.runtime.stop(id, {graceMs: 0})
    expect(await slow).toMatchObject({signal: 'SIGKILL'})
  })

  it('ends children, also those that ignore SIGTERM or made a session of their own', async () => {
    const script = `
      process.on('SIGTERM', () => process.exit(0))
      const {spawn} = require('child_process')
      const child = (detached) => spawn(process.execPath, ['-e', 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000)'], {detached, stdio: 'inherit'}).pid
      console.log('children', child(false), ${process.platform === 'linux'} && child(true))
      ${FOREVER}`
    const {id} = await test.start({command: nodeCommand(script)})
    await until(async () => (await test.text('web')).length > 0)
    const children = (await test.text('web'))[0]?.match(/\d+/g)?.map(Number) ?? []
    // A session of its own is out of reach without control groups.
    const isReachable = test.runtime.warnings(specOf({command: 'x', resources: {memory: 1}})).length === 0
    const expected = isReachable ? children : children.slice(0, 1)
    const rest = children.filter((pid) => !expected.includes(pid))

    expect(children).toHaveLength(2)
    expect(await test.runtime.stop(id, {graceMs: 200})).toMatchObject({code: 0})
    expect(expected.filter(isAlive)).toEqual([])
    for (const pid of rest) process.kill(pid, 'SIGKILL')
  })

  it('of something unknown or ended is no error', async () => {
    expect(await test.runtime.stop('web-0-00000000', {graceMs: 0})).toBeUndefined()
    const {id} = await test.start({command: nodeCommand('process.exit(4)')})
    await test.exitOf(id)

    expect(await test.runtime.stop(id, {graceMs: 0})).toMatchObject({code: 4})
    await test.runtime.remove(id)
    await test.runtime.remove(id)
    expect(await test.runtime.list()).toEqual([])
  })
})

describe('what a replica leaves behind', () => {
  it('is ended when it ends by itself', async () => {
    const script = `const {pid} = require('child_process').spawn('sleep', ['1000'], {stdio: 'inherit'}); console.log(pid); setTimeout(() => process.exit(0), 100)`
    const {id} = await test.start({command: nodeCommand(script)})
    await test.exitOf(id)
    const child = Number((await test.text('web'))[0])

    expect(child).toBeGreaterThan(0)
    await until(() => !isAlive(child))
  })
})

describe('beside a replica', () => {
  it('exec runs with its folder, environment and port', async () => {
    const {id, address} = await test.start({port: 80, command: nodeCommand(FOREVER)}, {env: {A: 'b'}})

    const {exitCode, output} = await test.runtime.exec(id, ['sh', '-c', 'echo $A $PORT; pwd; exit 3'], {
      timeoutMs: 5000,
    })
    expect(exitCode).toBe(3)
    expect(output).toBe(`b ${address?.split(':')[1]}\n${join(test.home, 'engine/releases/web/r1')}\n`)
  })

  it('exec says what went wrong', async () => {
    const {id} = await test.start({command: nodeCommand(FOREVER)})
    const exec = (argv: string[], timeoutMs = 5000) => test.runtime.exec(id, argv, {timeoutMs})

    expect(await exec(['no-such-program'])).toMatchObject({exitCode: 127})
    expect(await exec(['sh', '-c', 'kill -9 $$'])).toMatchObject({exitCode: 137})
    await expect(exec(['sleep', '60'], 100)).rejects.toMatchObject({code: 'TIMEOUT'})
    await expect(test.runtime.exec('web-9-00000000', ['true'], {timeoutMs: 1000})).rejects.toMatchObject({
      code: 'NOT_FOUND',
    })
    await expect(
      test.runtime.exec(id, ['sleep', '60'], {timeoutMs: 9000, signal: AbortSignal.timeout(100)}),
    ).rejects.toMatchObject({code: 'ABORTED'})
  })

  it('stats count the processor time and memory of all its processes', async () => {
    const {id} = await test.start({command: nodeCommand('require("child_process").fork; for (;;) {}')})
    await test.runtime.stats()
    await until(async () => ((await test.runtime.stats()).get(id)?.cpuPercent ?? 0) > 5)

    expect((await test.runtime.stats()).get(id)?.memoryBytes).toBeGreaterThan(20_000_000)
  })
})
