import {mkdtemp, readFile, rm} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {poll} from '@omni-cli/sdk'
import {readServerInfo} from '../../src/client/local-files.ts'
import {startLocalServer} from '../../src/client/local-server.ts'
import {openLocalClient} from '../../src/client/server-status.ts'
import {stopServer} from '../../src/client/stop-server.ts'

export interface TestServer {
  readonly home: string
  readonly url: string
  readonly token: string
  /** Address of the shared listener of its proxy. */
  readonly proxy: string
  /** Ends its process by the signal, waits until it is gone, and starts the next one at the same address. */
  restart(signal: NodeJS.Signals, meanwhile?: () => Promise<unknown>): Promise<void>
  close(): Promise<void>
}

/** A server of its own in a new home, as a user's command starts it. */
export async function openServer(env: Readonly<Record<string, string>> = {}): Promise<TestServer> {
  const home = await mkdtemp(join(tmpdir(), 'omni-'))
  await start(home, '127.0.0.1:0', env)
  const {url} = readServerInfo(home) ?? {url: ''}
  const token = (await readFile(join(home, 'server.token'), 'utf8')).trim()
  return {
    home,
    url,
    token,
    proxy: await proxyOf(home),
    async restart(signal, meanwhile) {
      const {pid} = readServerInfo(home) ?? {}
      if (pid === undefined) throw new Error('no server runs')
      process.kill(pid, signal)
      await poll({everyMs: 20, timeoutMs: 30_000}, () => !isAlive(pid))
      await meanwhile?.()
      await start(home, new URL(url).host, env)
    },
    async close() {
      const client = await openLocalClient(home)
      await Promise.all((await client.list()).map(({name}) => client.remove(name, true)))
      await stopServer({home, workloads: 'stop'})
      await rm(home, {recursive: true, force: true, maxRetries: 5})
    },
  }
}

async function start(home: string, listen: string, env: Readonly<Record<string, string>>): Promise<void> {
  // The server takes over the environment of whoever starts it.
  const before = {...process.env}
  Object.assign(process.env, env)
  try {
    await startLocalServer({home, listen})
  } finally {
    for (const key of Object.keys(env)) {
      if (before[key] === undefined) delete process.env[key]
      else process.env[key] = before[key]
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** The listener that a first, empty table opens. */
async function proxyOf(home: string): Promise<string> {
  const path = join(home, 'engine', 'edge-table.json')
  const text = await poll({everyMs: 50, timeoutMs: 10_000}, () => readFile(path, 'utf8').catch(() => undefined))
  const {http} = JSON.parse(text) as {http: {bind: string; port: number}}
  return `http://${http.bind}:${http.port}`
}
