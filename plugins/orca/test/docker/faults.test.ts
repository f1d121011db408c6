import {execFile} from 'node:child_process'
import {existsSync, mkdtempSync, readFileSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {promisify} from 'node:util'
import {afterAll, afterEach, beforeAll, beforeEach, describe, expect, it} from 'vitest'
import type {Runtime} from '../../src/runtimes/runtime.ts'
import {host, ServerHome, until} from './server-home.ts'

const run = promisify(execFile)
const PROBLEM = 'does not answer'
const SCRIPT = join(import.meta.dirname, '../../../../test/engines/docker-up')

describe.skipIf(host === undefined)('the end of the server by SIGKILL during a deploy', () => {
  let at: ServerHome
  beforeEach(() => {
    at = new ServerHome()
  })
  afterEach(() => at.close())

  it.each([
    ['before a container is made', 'create', 'before', 'r1'],
    ['when a container was made', 'create', 'after', 'r1'],
    ['after the switch, before an old one is stopped', 'stop', 'before', 'r2'],
    ['after the switch, when an old one is stopped', 'stop', 'after', 'r2'],
    ['when an old one is removed', 'remove', 'after', 'r2'],
  ] as const)('%s: none is lost and none is twice', async (_, method, when, release) => {
    let isArmed = false
    const reached = Promise.withResolvers<void>()
    const killAt = async () => {
      at.kill()
      reached.resolve()
      await new Promise(() => undefined)
    }
    await at.start((runtime) =>
      trap(runtime, method, async (call) => {
        if (!isArmed) return await call()
        isArmed = false
        if (when === 'before') await killAt()
        const result = await call()
        await killAt()
        return result
      }),
    )
    await at.deployed(at.spec({replicas: 2}))
    isArmed = true
    void at.deploy(at.spec({replicas: 2, env: {VERSION: 'v2'}}))
    await reached.promise
    await at.runtime.close()
    await at.start()

    await until(async () => {
      const [service, running] = [await at.service(), await at.containers()]
      return service.runningReplicas === 2 && running.length === 2 && running.every((one) => one.release === release)
    })
    expect(await at.service()).toMatchObject({status: 'running', release})
    await until(async () => (await at.ask()) === release.replace('r', 'v'))
  })
})

/** Calls of one method go through `around`. */
const trap = (runtime: Runtime, method: keyof Runtime, around: (call: () => Promise<unknown>) => Promise<unknown>) =>
  new Proxy(runtime, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key)
      if (key !== method || typeof value !== 'function') return value
      return (...args: unknown[]) => around(() => Reflect.apply(value, target, args))
    },
  })

describe.skipIf(host === undefined || process.getuid?.() !== 0)('a Docker Engine that goes away', () => {
  let daemon: Daemon
  let at: ServerHome
  beforeAll(async () => {
    daemon = await Daemon.open()
  })
  beforeEach(async () => {
    at = await ServerHome.open({backoffMaxMs: 500, statsMs: 100}, daemon.host)
  })
  afterEach(() => at.close())
  afterAll(() => daemon.close())

  const local = () => at.spec({name: at.name('local'), image: undefined, port: undefined, command: ['sleep', '600']})

  it('and comes back: its services are healed, and meanwhile the reason is told', async () => {
    await at.deployed(at.spec({replicas: 2}), local())
    await daemon.stop()
    const away = await until(async () => {
      const service = await at.service()
      return service.lastFailure?.message.includes(PROBLEM) && service.runningReplicas === 0 && service
    })
    expect(away.status).not.toBe('running')
    expect(await at.service('local')).toMatchObject({status: 'running', runningReplicas: 1})
    const {errors} = await at.deploy(at.spec({env: {VERSION: 'two'}}))
    expect(errors).toMatchObject([{code: 'UNAVAILABLE', message: expect.stringContaining(PROBLEM)}])
    await daemon.start()

    await until(async () => (await at.service()).runningReplicas === 2 && (await at.containers()).length === 2)
    await until(async () => (await at.ask()) === 'v1')
    expect((await at.service()).status).toBe('running')
  })

  it('while no server runs: the server starts, shows it, and heals when it is back', async () => {
    await at.deployed(at.spec({replicas: 2}), local())
    await at.stop()
    await daemon.stop()
    await at.start()

    expect(await at.service('local')).toMatchObject({status: 'running', runningReplicas: 1})
    expect(await at.service()).toMatchObject({
      status: expect.stringMatching(/failed|degraded/),
      runningReplicas: 0,
      replicas: [{status: 'unready'}, {status: 'unready'}],
      lastFailure: {reason: 'RuntimeUnavailable', message: expect.stringContaining(PROBLEM)},
    })
    await daemon.start()
    await until(async () => (await at.service()).runningReplicas === 2 && (await at.containers()).length === 2)
    await until(async () => (await at.ask()) === 'v1')
  })

  it('for a moment, and its containers run on: nothing of them is touched', async () => {
    await at.deployed(at.spec({replicas: 2}))
    const before = (await at.containers()).map(({id}) => id).sort()
    daemon.pause()
    const asked = at.docker.engine.call('GET', '/_ping', {timeoutMs: 1000})
    await expect(asked).rejects.toMatchObject({code: 'UNAVAILABLE'})
    await at.service()
    daemon.resume()

    await until(async () => (await at.service()).runningReplicas === 2)
    expect((await at.containers()).map(({id}) => id).sort()).toEqual(before)
  })
})

/** An Engine of its own. */
class Daemon {
  readonly folder = mkdtempSync(join(tmpdir(), 'omni-dockerd-'))
  readonly host = `unix://${this.folder}/docker/docker.sock`

  static async open(): Promise<Daemon> {
    const daemon = new Daemon()
    await daemon.start()
    return daemon
  }

  async start(): Promise<void> {
    await run(SCRIPT, [], {env: {...process.env, OMNI_ENGINES_DIR: this.folder}, timeout: 90_000})
  }

  get #pid(): number {
    return Number(readFileSync(join(this.folder, 'docker', 'pid'), 'utf8'))
  }

  async stop(): Promise<void> {
    await run(SCRIPT, ['down'], {env: {...process.env, OMNI_ENGINES_DIR: this.folder}, timeout: 60_000})
  }

  pause(): void {
    process.kill(this.#pid, 'SIGSTOP')
  }

  resume(): void {
    process.kill(this.#pid, 'SIGCONT')
  }

  async close(): Promise<void> {
    await this.stop()
    await until(() => !existsSync(join(this.folder, 'docker', 'pid')))
    rmSync(this.folder, {recursive: true, force: true})
  }
}
