import {mkdtempSync, rmSync} from 'node:fs'
import {createConnection} from 'node:net'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {poll, type ServiceInput, type ServiceSpec, serviceSpec} from '@omni-cli/sdk'
import {createProcessRuntime} from '../../src/runtimes/process/process-runtime.ts'
import {readProcess} from '../../src/runtimes/process/process-table.ts'
import type {Runtime, RuntimeEvent, RuntimeInstance} from '../../src/runtimes/runtime.ts'
import {socketPath} from '../../src/socket-path.ts'

/** A home of its own with a real supervisor; `close` ends everything in it. */
export interface TestHome {
  readonly home: string
  readonly runtime: Runtime
  /** Another caller of the same home. */
  another(): Runtime
  start(
    input: Partial<ServiceInput>,
    options?: {index?: number; env?: Record<string, string>},
  ): Promise<RuntimeInstance>
  /** The next exit of the instance, also when it happened already. */
  exitOf(id: string): Promise<RuntimeInstance>
  text(service: string): Promise<string[]>
  close(): Promise<void>
}

export const specOf = (input: Partial<ServiceInput>): ServiceSpec => serviceSpec.parse({name: 'web', ...input})

export const nodeCommand = (script: string): string[] => [process.execPath, '-e', script]

export function openTestHome(): TestHome {
  const home = mkdtempSync(join(tmpdir(), 'omni-process-'))
  const runtimes: Runtime[] = []
  const another = () => {
    const runtime = createProcessRuntime({home})
    runtimes.push(runtime)
    return runtime
  }
  const runtime = another()
  return {
    home,
    runtime,
    another,
    async start(input, {index = 0, env = {}} = {}) {
      const spec = specOf(input)
      const service = spec.name
      const prepared = await runtime.prepare({service, release: 'r1', spec, archive: undefined, env})
      return await runtime.create({service, index, release: 'r1', spec, env, prepared})
    },
    exitOf: (id) => exitOf(runtime, id),
    async text(service) {
      const lines: string[] = []
      for await (const line of runtime.logs(service)) lines.push(line.text)
      return lines
    },
    async close() {
      const last = createProcessRuntime({home})
      await Promise.all((await last.list()).map(({id, pid}) => killHard(last, id, pid)))
      await Promise.all([...runtimes, last].map((one) => one.close()))
      await quitSupervisor(home)
      // What it has started may still write its last words.
      rmSync(home, {recursive: true, force: true, maxRetries: 20, retryDelay: 50})
    },
  }
}

async function killHard(runtime: Runtime, id: string, pid: number | undefined): Promise<void> {
  await runtime.stop(id, {graceMs: 0}).catch(() => undefined)
  await runtime.remove(id).catch(() => pid !== undefined && process.kill(pid, 'SIGKILL'))
}

function exitOf(runtime: Runtime, id: string): Promise<RuntimeInstance> {
  return new Promise((resolve, reject) => {
    const look = async () => {
      const found = (await runtime.list()).find((instance) => instance.id === id)
      if (found?.state === 'exited') done(found)
    }
    const unsubscribe = runtime.subscribe((event: RuntimeEvent) => {
      if (event.type === 'exited' && event.instance.id === id) done(event.instance)
      if (event.type === 'resync') look().catch(reject)
    })
    const done = (instance: RuntimeInstance) => {
      unsubscribe()
      resolve(instance)
    }
    look().catch(reject)
  })
}

/** Process id of the supervisor, from its hello; undefined when none listens. */
export function supervisorPid(home: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    const socket = createConnection(socketPath(home, 'supervisor'))
    socket.once('error', () => resolve(undefined))
    // It may end at this very moment.
    socket.once('close', () => resolve(undefined))
    socket.once('data', (chunk) => {
      resolve(Number(/"pid":(\d+)/.exec(chunk.toString())?.[1]))
      socket.destroy()
    })
  })
}

async function quitSupervisor(home: string): Promise<void> {
  const pid = await supervisorPid(home)
  if (pid === undefined) return
  try {
    process.kill(pid, 'SIGTERM')
  } catch {
    return
  }
  await until(() => !isAlive(pid))
}

/** False also for one that ended and waits to be asked for its exit status: whose child it is then may be slow to ask. */
export const isAlive = (pid: number): boolean => readProcess(pid)?.isDead === false

export const until = (probe: () => boolean | Promise<boolean>): Promise<boolean> =>
  poll({everyMs: 10, timeoutMs: 10_000}, probe)

/** The first answer of the address. */
export const answerOf = (address: string | undefined): Promise<string> =>
  poll({everyMs: 10, timeoutMs: 10_000}, () =>
    fetch(`http://${address}/`).then(
      (response) => response.text(),
      () => undefined,
    ),
  )
