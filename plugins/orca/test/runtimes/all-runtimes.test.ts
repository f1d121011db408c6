import {mkdtempSync, rmSync} from 'node:fs'
import {createServer, type Server} from 'node:net'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {OmniError} from '@omni-cli/sdk'
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest'
import {createAllRuntimes} from '../../src/runtimes/all-runtimes.ts'
import {createDockerRuntime} from '../../src/runtimes/docker/docker-runtime.ts'
import type {RuntimeEvent} from '../../src/runtimes/runtime.ts'
import {FakeRuntime} from '../server/fake-runtime.ts'
import {specOf} from './test-home.ts'

const local = specOf({name: 'local', command: ['serve']})
const boxed = specOf({name: 'boxed', image: 'some/image'})
const wasm = specOf({name: 'module', module: './x.wasm'})
const request = (spec: typeof local) => ({
  ...{service: spec.name, index: 0, release: 'r1', spec, env: {}},
  prepared: {location: ''},
})

describe('two runtimes as one', () => {
  let processes: FakeRuntime
  let containers: FakeRuntime
  let first: string[]
  beforeEach(() => {
    processes = new FakeRuntime()
    containers = new FakeRuntime({isDocker: true})
    first = []
  })
  afterEach(() => Promise.all([processes.close(), containers.close()]))
  const open = (hasContainers = false) =>
    createAllRuntimes({
      process: processes,
      docker: containers,
      specOf: (name) => [local, boxed].find((spec) => spec.name === name),
      hasContainers,
      onFirstContainer: () => first.push('container'),
    })

  it('each runs what is its own, and owns what it has made', async () => {
    const runtime = open()
    const [one, two] = [await runtime.create(request(local)), await runtime.create(request(boxed))]

    expect([...processes.instances.keys()]).toEqual([one.id])
    expect([...containers.instances.keys()]).toEqual([two.id])
    expect((await runtime.list()).map(({service}) => service)).toEqual(['local', 'boxed'])
    await runtime.remove(two.id)
    await runtime.remove(one.id)
    expect(await runtime.list()).toEqual([])
    expect(first).toEqual(['container'])
  })

  it('news of both are told, with the runtime that lost sight', async () => {
    const runtime = open()
    const news: RuntimeEvent[] = []
    runtime.subscribe((event) => news.push(event))
    await runtime.create(request(boxed))
    processes.emit({type: 'resync'})
    containers.emit({type: 'resync'})

    expect(news).toEqual([
      {type: 'resync', runtime: 'fake'},
      {type: 'resync', runtime: 'docker'},
    ])
  })

  it('there is no WebAssembly', async () => {
    const runtime = open()

    expect(runtime.problems(wasm)).toEqual(['there is no WebAssembly runtime here'])
    await expect(runtime.create(request(wasm))).rejects.toMatchObject({code: 'UNSUPPORTED'})
  })

  it('one that does not answer hides nothing of the other', async () => {
    const runtime = open(true)
    const {id} = await runtime.create(request(local))
    const away = async (): Promise<never> => {
      throw new OmniError('UNAVAILABLE', 'the Docker Engine does not answer', {hint: 'start it'})
    }
    Object.assign(containers, {
      list: away,
      stats: away,
      check: async () => ({ok: false, message: 'away', hint: 'start it'}),
    })

    await expect(runtime.list()).rejects.toMatchObject({code: 'UNAVAILABLE'})
    const lists = (runtime.parts?.() ?? []).map((part) => part.runtime.list())
    expect((await Promise.allSettled(lists)).map(({status}) => status)).toEqual(['fulfilled', 'rejected'])
    expect([...(await runtime.stats()).keys()]).toEqual([id])
    expect(await runtime.check()).toMatchObject({ok: true, message: 'away'})
    await expect(runtime.requireFor?.(boxed)).rejects.toMatchObject({code: 'UNAVAILABLE', hint: 'start it'})
    await runtime.requireFor?.(local)
  })
})

describe('Docker that does not answer', () => {
  it('an Engine that is stuck keeps no answer away', async () => {
    vi.useFakeTimers()
    const [processes, containers] = [new FakeRuntime(), new FakeRuntime({isDocker: true})]
    try {
      containers.check = () => new Promise(() => undefined)
      const answer = createAllRuntimes({
        ...{process: processes, docker: containers, specOf: () => boxed},
        ...{hasContainers: true, onFirstContainer: () => undefined},
      }).check()
      await vi.advanceTimersByTimeAsync(5_000)
      expect(await answer).toMatchObject({ok: true, message: 'the Docker Engine did not answer within 5s'})
    } finally {
      vi.useRealTimers()
    }
  })
})

describe('Docker that nobody uses', () => {
  let folder: string
  let server: Server
  let connections: number
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'omni-all-'))
    connections = 0
    server = createServer((socket) => {
      connections++
      socket.destroy()
    })
    await new Promise<void>((resolve) => server.listen(join(folder, 'docker.sock'), resolve))
  })
  afterEach(() => {
    server.close()
    rmSync(folder, {recursive: true, force: true})
  })

  it('is not even connected to', async () => {
    const processes = new FakeRuntime()
    const docker = createDockerRuntime({home: folder, owner: 'me', env: {DOCKER_HOST: `unix://${folder}/docker.sock`}})
    const runtime = createAllRuntimes({
      ...{process: processes, docker, specOf: () => undefined, hasContainers: false},
      onFirstContainer: () => undefined,
    })
    runtime.subscribe(() => undefined)
    const instance = await runtime.create(request(local))
    await Promise.all([
      runtime.list(),
      runtime.stats(),
      runtime.check(),
      runtime.prune('local', []),
      runtime.purge('local'),
    ])
    runtime.problems(boxed)
    await runtime.remove(instance.id)
    expect(connections).toBe(0)
    await expect(runtime.requireFor?.(boxed)).rejects.toMatchObject({code: 'UNAVAILABLE'})

    expect(connections).toBeGreaterThan(0)
    await runtime.close()
    await processes.close()
  })
})
