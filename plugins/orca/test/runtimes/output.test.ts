import {readdirSync, readFileSync, statSync} from 'node:fs'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {findCgroupBases} from '../../src/runtimes/process/cgroup-bases.ts'
import {answerOf, nodeCommand, openTestHome, supervisorPid, type TestHome} from './test-home.ts'

let test: TestHome
beforeEach(() => {
  test = openTestHome()
})
afterEach(() => test.close())

const megabytesOf = (pid: number): number =>
  Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024

const PRINT_100_MB = nodeCommand(`
  const block = Array.from({length: 1000}, (_, i) => 'x'.repeat(99) + '\\n').join('')
  let left = 1000
  const more = () => left-- > 0 ? process.stdout.write(block, more) : console.log('the end')
  more()`)

describe.runIf(process.platform === 'linux')('a replica that prints 100 MB', () => {
  it('costs the supervisor no memory and others no time, and its log stays small', async () => {
    await test.runtime.list()
    const pid = (await supervisorPid(test.home)) ?? 0
    const before = megabytesOf(pid)
    const {id} = await test.start({command: PRINT_100_MB})
    const other = await test.start({
      ...{name: 'other', port: 80},
      command: nodeCommand('require("http").createServer((q, s) => s.end("ok")).listen(process.env.PORT)'),
    })
    expect(await answerOf(other.address)).toBe('ok')
    expect((await test.exitOf(id)).exit).toMatchObject({code: 0})

    expect(await test.runtime.lastLines(id, 1)).toEqual(['the end'])
    expect(megabytesOf(pid) - before).toBeLessThan(40)
    const folder = join(test.home, 'engine', 'logs', 'web')
    const sizes = readdirSync(folder).map((name) => statSync(join(folder, name)).size)
    expect(sizes).toHaveLength(3)
    expect(Math.max(...sizes)).toBeLessThanOrEqual(10_000_000)
  })
})

describe.skipIf(findCgroupBases()?.memory === undefined)('a memory limit (needs writable control groups)', () => {
  it('ends a replica that wants more, and says so', async () => {
    const greedy = 'const all = []; for (;;) all.push(Buffer.alloc(10_000_000, 1))'
    const {id} = await test.start({command: nodeCommand(greedy), resources: {memory: '128Mi'}})

    expect((await test.exitOf(id)).exit).toMatchObject({signal: 'SIGKILL', oomKilled: true})
  })

  it('leaves no control group behind', async () => {
    const {id} = await test.start({command: nodeCommand('setInterval(() => {}, 1000)'), resources: {memory: '128Mi'}})
    const record = JSON.parse(readFileSync(join(test.home, 'engine', 'instances', `${id}.json`), 'utf8'))
    const [folder = ''] = record.cgroup.folders
    const isThere = () => statSync(folder, {throwIfNoEntry: false}) !== undefined

    expect(isThere()).toBe(true)
    await test.runtime.stop(id, {graceMs: 1000})
    expect(isThere()).toBe(false)
  })

  it('of processor time is kept', async () => {
    const {id} = await test.start({command: nodeCommand('for (;;) {}'), resources: {cpu: 0.2}})
    await test.runtime.stats()
    await new Promise((resolve) => setTimeout(resolve, 1500))

    expect((await test.runtime.stats()).get(id)?.cpuPercent).toBeLessThan(50)
    expect((await test.runtime.stats()).get(id)?.memoryBytes).toBeGreaterThan(0)
  })
})
