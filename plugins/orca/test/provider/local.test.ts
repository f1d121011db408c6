import {mkdir, mkdtemp, readFile, rm, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {createHttp, type DriverContext, type ServiceEngine, serviceSpec, silentLogger} from '@omni-cli/sdk'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {readServerInfo} from '../../src/client/local-files.ts'
import {isListening, startLocalServer} from '../../src/client/local-server.ts'
import {readServerStatus} from '../../src/client/server-status.ts'
import {stopServer} from '../../src/client/stop-server.ts'
import {createOrcaEngine} from '../../src/provider/index.ts'

let home: string
let engine: ServiceEngine
let notices: string[]
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'omni-'))
  notices = []
  engine = await createOrcaEngine(context(), {})
})
afterEach(async () => {
  await stopServer({home, workloads: 'stop'})
  await rm(home, {recursive: true, force: true, maxRetries: 5})
})

const context = (): DriverContext => ({
  ...{home, env: {}, context: 'default', namespace: undefined, log: silentLogger},
  http: createHttp({log: silentLogger}),
  exec: () => Promise.reject(new Error('nothing is executed here')),
  notice: (text) => notices.push(text),
})

const sleeper = serviceSpec.parse({name: 'sleeper', command: ['sleep', '1000']})

describe('an engine that was never started', () => {
  it('has nothing, and is not started by questions', async () => {
    expect(await engine.list()).toEqual([])
    expect(await engine.get('web')).toBeUndefined()
    expect(await engine.check()).toEqual({ok: true, message: 'does not run yet; the first deploy starts it'})
    expect(await Array.fromAsync(engine.events?.read() ?? [])).toEqual([])
    expect(await engine.nodes?.list()).toEqual([])
    await expect(Array.fromAsync(engine.logs?.read('web') ?? [])).rejects.toMatchObject({code: 'NOT_FOUND'})
    await expect(engine.releases?.list('web')).rejects.toMatchObject({code: 'NOT_FOUND'})

    expect(await isListening(home)).toBe(false)
  })

  it('is not started by acts on services that cannot be there either', async () => {
    await engine.remove('web')
    for (const act of [engine.stop, engine.start, engine.restart]) {
      await expect(act('web')).rejects.toMatchObject({code: 'NOT_FOUND'})
    }
    await expect(engine.scale('web', 2)).rejects.toMatchObject({code: 'NOT_FOUND'})

    expect(await isListening(home)).toBe(false)
  })

  it('is not started for somebody who has given up', async () => {
    await expect(engine.create(sleeper, {signal: AbortSignal.abort()})).rejects.toMatchObject({code: 'ABORTED'})
    expect(await isListening(home)).toBe(false)
  })

  it('is started by the first deploy, which says so', async () => {
    expect(await engine.create(sleeper)).toMatchObject({name: 'sleeper', status: 'running', runningReplicas: 1})

    expect(notices).toEqual(['started the local engine (omni server status)'])
    expect((await engine.list()).map(({name}) => name)).toEqual(['sleeper'])
    expect(await engine.check()).toMatchObject({ok: true})
  })
})

describe('an engine that was stopped', () => {
  it('says so to questions when it keeps services, and comes back for acts', async () => {
    const pid = (await engine.create(sleeper)).replicas[0]?.pid ?? 0
    const outcome = await stopServer({home, workloads: 'keep'})
    const later = await createOrcaEngine(context(), {})

    expect(outcome).toEqual({wasRunning: true, workloads: 'keep', keptServices: ['sleeper']})
    await expect(later.list()).rejects.toMatchObject({code: 'UNAVAILABLE', hint: 'omni server start'})
    expect(await later.check()).toMatchObject({ok: false, hint: 'omni server start'})
    expect(() => process.kill(pid, 0)).not.toThrow()
    expect(await later.scale('sleeper', 2)).toMatchObject({runningReplicas: 2, replicas: [{pid}, {}]})
  })
})

describe('the server process', () => {
  it('is one, however many start it at once', async () => {
    const starts = await Promise.all(Array.from({length: 5}, () => startLocalServer({home})))

    expect(starts.filter(Boolean)).toHaveLength(1)
    expect(readServerInfo(home)).toMatchObject({url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/)})
  })

  it('shows its status, also when it does not run', async () => {
    expect(await readServerStatus(home)).toMatchObject({running: false, hasServices: false, edge: {running: false}})
    await startLocalServer({home})

    const status = await readServerStatus(home)

    expect(status).toMatchObject({running: true, services: {total: 0, running: 0}})
    expect(status.uptimeMs).toBeLessThan(60_000)
  })

  it('tells why it did not start', async () => {
    await mkdir(join(home, 'engine'), {recursive: true})
    await writeFile(join(home, 'engine', 'store.db'), 'this is no database'.repeat(100))

    await expect(startLocalServer({home})).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('damaged'),
      hint: 'omni server logs',
    })
    await rm(join(home, 'engine'), {recursive: true})
  })

  it('writes no token into its log', async () => {
    await engine.create(sleeper)
    const token = (await readFile(join(home, 'server.token'), 'utf8')).trim()
    expect(await readFile(join(home, 'logs', 'server.log'), 'utf8')).not.toContain(token)
  })

  it('that is killed leaves its services alone and comes back to them', async () => {
    const pid = (await engine.create(sleeper)).replicas[0]?.pid ?? 0
    const server = (await readServerStatus(home)).pid ?? 0
    process.kill(server, 'SIGKILL')
    await expect.poll(() => isListening(home)).toBe(false)

    await startLocalServer({home})

    expect(await engine.get('sleeper')).toMatchObject({status: 'running', replicas: [{pid, restarts: 0}]})
  })
})
