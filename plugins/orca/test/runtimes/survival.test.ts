import {fork, spawn} from 'node:child_process'
import {once} from 'node:events'
import {existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {poll, silentLogger} from '@omni-cli/sdk'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {SupervisorClient} from '../../src/runtimes/process/supervisor-client.ts'
import type {Runtime, RuntimeEvent} from '../../src/runtimes/runtime.ts'
import {socketPath} from '../../src/socket-path.ts'
import {answerOf, isAlive, nodeCommand, openTestHome, supervisorPid, type TestHome, until} from './test-home.ts'

let test: TestHome
beforeEach(() => {
  test = openTestHome()
})
afterEach(() => test.close())

const SERVER = nodeCommand('require("http").createServer((q, s) => s.end("ok")).listen(process.env.PORT)')
const FOREVER = 'setInterval(() => {}, 1000)'

async function killSupervisor(): Promise<void> {
  const pid = (await supervisorPid(test.home)) ?? 0
  process.kill(pid, 'SIGKILL')
  await until(() => !isAlive(pid))
}

/** Kills it with nobody left who would start the next one at once: its records lie still until the returned caller asks. */
async function leaveRecords(): Promise<Runtime> {
  await test.runtime.close()
  await killSupervisor()
  return test.another()
}

describe('when the supervisor is killed', () => {
  it('replicas go on under the next one, and their end is still told', async () => {
    const instance = await test.start({port: 80, command: SERVER})
    await answerOf(instance.address)
    const events: RuntimeEvent[] = []
    test.runtime.subscribe((event) => events.push(event))

    await killSupervisor()
    await until(() => events.some(({type}) => type === 'resync'))
    expect(await answerOf(instance.address)).toBe('ok')
    expect(await test.runtime.list()).toEqual([instance])

    process.kill(instance.pid ?? 0, 'SIGKILL')
    const ended = await test.exitOf(instance.id)
    expect(ended.exit?.at).toMatch(/Z$/)
    expect(ended.exit).not.toHaveProperty('code')
  })

  it('the writer goes on, and no line is lost but what was in its hands at that moment', async () => {
    const script = 'let n = 0; setInterval(() => { for (let i = 0; i < 20; i++) console.log("line", n++) }, 2)'
    const {id, pid = 0} = await test.start({command: nodeCommand(script)})
    for (let round = 0; round < 3; round++) {
      const before = (await test.text('web')).length
      await until(async () => (await test.text('web')).length > before + 100)
      await killSupervisor()
      await test.runtime.list()
    }
    expect(isAlive(pid)).toBe(true)
    await test.runtime.stop(id, {graceMs: 1000})

    const numbers = (await test.text('web')).map((text) => Number(text.split(' ')[1]))
    expect(numbers.length).toBeGreaterThan(300)
    const steps = numbers.slice(1).map((number, index) => number - (numbers[index] ?? 0))
    expect(Math.min(...steps)).toBe(1)
    // Read from the pipe and not yet in the file: a chunk at most, each time that it was killed.
    expect(steps.filter((step) => step > 1).length).toBeLessThanOrEqual(3)
  })

  it('an adopted replica can be stopped with its children, and runs programs beside it', async () => {
    const script = `process.on('SIGTERM', () => {}); console.log(require('child_process').spawn('sleep', ['1000']).pid); ${FOREVER}`
    const {id, pid = 0} = await test.start({command: nodeCommand(script)}, {env: {A: 'kept'}})
    await until(async () => (await test.text('web')).length > 0)
    const child = Number((await test.text('web'))[0])
    await killSupervisor()

    expect(await test.runtime.exec(id, ['sh', '-c', 'echo $A'], {timeoutMs: 5000})).toMatchObject({output: 'kept\n'})
    expect(await test.runtime.stop(id, {graceMs: 100})).toMatchObject({at: expect.any(String)})
    expect([pid, child].filter(isAlive)).toEqual([])
  })
})

describe('of the records of a killed supervisor', () => {
  it('one that ended meanwhile is not mistaken for a process that got its number', async () => {
    const {id, pid = 0} = await test.start({command: nodeCommand(FOREVER)})
    const runtime = await leaveRecords()
    process.kill(pid, 'SIGKILL')
    const stranger = spawn('sleep', ['1000'], {detached: true})
    const file = join(test.home, 'engine', 'instances', `${id}.json`)
    writeFileSync(file, JSON.stringify({...JSON.parse(readFileSync(file, 'utf8')), pid: stranger.pid}))

    expect(await runtime.list()).toMatchObject([{id, state: 'exited'}])
    await runtime.stop(id, {graceMs: 0})
    await runtime.remove(id)
    expect(isAlive(stranger.pid ?? 0)).toBe(true)
    stranger.kill()
  })

  it('one of another boot is of something that ended', async () => {
    const {id, pid = 0} = await test.start({command: nodeCommand(FOREVER)})
    const runtime = await leaveRecords()
    const file = join(test.home, 'engine', 'instances', `${id}.json`)
    writeFileSync(file, JSON.stringify({...JSON.parse(readFileSync(file, 'utf8')), bootId: 'another'}))

    expect(await runtime.list()).toMatchObject([{id, state: 'exited'}])
    expect(isAlive(pid)).toBe(true)
    process.kill(pid, 'SIGKILL')
  })

  it.runIf(process.platform === 'linux')('one without the process is completed', async () => {
    const {id, pid} = await test.start({command: nodeCommand(FOREVER)})
    const runtime = await leaveRecords()
    const file = join(test.home, 'engine', 'instances', `${id}.json`)
    writeFileSync(
      file,
      JSON.stringify({...JSON.parse(readFileSync(file, 'utf8')), pid: undefined, startTime: undefined}),
    )

    expect(await runtime.list()).toMatchObject([{id, state: 'running', pid}])
  })

  it('one that was written right before the start is forgotten, and its id can be used', async () => {
    const {id, pid = 0} = await test.start({command: nodeCommand(FOREVER)})
    const runtime = await leaveRecords()
    process.kill(pid, 'SIGKILL')
    await until(() => !isAlive(pid))
    const file = join(test.home, 'engine', 'instances', `${id}.json`)
    const record = {...JSON.parse(readFileSync(file, 'utf8')), pid: undefined, startTime: undefined}
    writeFileSync(file, JSON.stringify(record))

    expect(await runtime.list()).toEqual([])
    expect(readdirSync(join(test.home, 'engine', 'instances'))).toEqual([])
  })

  it('a torn one does not stop the others', async () => {
    const instance = await test.start({command: nodeCommand(FOREVER)})
    const runtime = await leaveRecords()
    writeFileSync(join(test.home, 'engine', 'instances', 'web-1-00000000.json'), '{"id":"web-1-')

    expect(await runtime.list()).toEqual([instance])
  })
})

describe('when the caller is killed', () => {
  it('another finds the replicas, and exits that nobody saw', async () => {
    const caller = fork(fileURLToPath(new URL('caller.js', import.meta.url)), [test.home], {execArgv: []})
    const [instances] = (await once(caller, 'message')) as [{id: string; pid: number}[]]
    caller.kill('SIGKILL')
    await once(caller, 'exit')
    const [lasting, ending] = instances
    process.kill(ending?.pid ?? 0, 'SIGUSR1')
    await until(async () => (await test.runtime.list()).some(({state}) => state === 'exited'))

    const found = await test.runtime.list()
    expect(found.find(({id}) => id === lasting?.id)).toMatchObject({state: 'running', pid: lasting?.pid})
    expect(found.find(({id}) => id === ending?.id)).toMatchObject({state: 'exited', exit: {code: 42}})
  })
})

describe('one home', () => {
  it('keeps its socket and its records to its user', async () => {
    const {id} = await test.start({command: 'true'})
    const modeOf = (path: string) => statSync(path).mode & 0o777

    expect(modeOf(socketPath(test.home, 'supervisor'))).toBe(0o600)
    expect(modeOf(join(test.home, 'engine', 'instances', `${id}.json`))).toBe(0o600)
    expect(modeOf(join(test.home, 'run', 'fifo'))).toBe(0o700)
  })

  it('whose socket was deleted is reachable again', async () => {
    const {id, pid} = await test.start({command: nodeCommand(FOREVER)})
    rmSync(socketPath(test.home, 'supervisor'))

    expect(await test.another().list()).toMatchObject([{id, pid, state: 'running'}])
  })

  it.runIf(existsSync('/dev/full'))('starts and ends replicas when nothing can be written', async () => {
    mkdirSync(join(test.home, 'logs'), {recursive: true})
    symlinkSync('/dev/full', join(test.home, 'logs', 'supervisor.log'))
    await test.runtime.list()
    rmSync(join(test.home, 'engine', 'instances'), {recursive: true})
    const supervisor = await supervisorPid(test.home)

    const {id, pid} = await test.start({command: nodeCommand(FOREVER)})
    await test.runtime.stop(id, {graceMs: 1_000})

    expect(isAlive(pid ?? 0)).toBe(false)
    expect(await supervisorPid(test.home)).toBe(supervisor)
  })

  it('has one supervisor, however many start it at once', async () => {
    const callers = Array.from({length: 5}, () => test.another())
    await Promise.all(callers.map((caller) => caller.list()))
    const pids = await Promise.all(callers.map(() => supervisorPid(test.home)))

    expect(new Set(pids).size).toBe(1)
    const running = readdirSync('/proc').filter((name) => {
      if (!/^\d+$/.test(name)) return false
      try {
        const argv = readFileSync(`/proc/${name}/cmdline`, 'utf8')
        return argv.includes('supervisor/main.js') && argv.includes(test.home)
      } catch {
        return false
      }
    })
    // The losers of the race end by themselves.
    await until(() => running.filter((pid) => isAlive(Number(pid))).length <= 1)
  })

  it('has no supervisor any more when nothing runs and the last caller has gone', async () => {
    const {id} = await test.start({command: nodeCommand(FOREVER)})
    const other = test.another()
    await other.list()
    const supervisor = (await supervisorPid(test.home)) ?? 0
    await other.close()
    const next = test.another()
    await test.runtime.close()
    await next.remove(id)
    expect(await supervisorPid(test.home)).toBe(supervisor)

    await next.close()
    await poll({everyMs: 10, timeoutMs: 5000}, () => !isAlive(supervisor))
  })

  it('tells exits to every caller', async () => {
    const other = test.another()
    const told = new Promise<RuntimeEvent>((resolve) => other.subscribe(resolve))
    await other.list()
    const {id} = await test.start({command: 'true'})

    expect(await told).toMatchObject({type: 'exited', instance: {id, exit: {code: 0}}})
  })

  it('makes no second instance when a request is repeated after a lost connection', async () => {
    const starting = test.start({command: nodeCommand(FOREVER)})
    await until(async () => (await supervisorPid(test.home)) !== undefined)
    await killSupervisor()
    const {id, pid} = await starting

    expect(await test.runtime.list()).toMatchObject([{id, pid, state: 'running'}])
  })
})

it('replaces a supervisor of another version only when nothing would be lost', async () => {
  const client = () =>
    new SupervisorClient({
      home: test.home,
      socketPath: socketPath(test.home, 'supervisor'),
      log: silentLogger,
      onEvent: () => undefined,
      version: 'next',
    })
  const clients = [client(), client()]
  const {id} = await test.start({command: nodeCommand(FOREVER)})
  const old = await supervisorPid(test.home)

  await clients[0]?.request({op: 'list'}, 5_000)
  expect(await supervisorPid(test.home)).toBe(old)
  await test.runtime.remove(id)
  await clients[1]?.request({op: 'list'}, 5_000)
  expect(await supervisorPid(test.home)).not.toBe(old)
  await Promise.all(clients.map((one) => one.close()))
})
