import {type ChildProcess, spawn} from 'node:child_process'
import {once} from 'node:events'
import {openSync} from 'node:fs'
import {mkdtemp, rm} from 'node:fs/promises'
import {createServer} from 'node:net'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {poll} from '@omni-cli/sdk'
import {openClient} from '../../src/client/open-client.ts'
import {testContext} from './test-project.ts'

export interface PrivateDaemon {
  readonly folder: string
  readonly socket: string
  /** `https://127.0.0.1:PORT` */
  readonly url: string
  stop(): Promise<void>
  start(): Promise<void>
  remove(): Promise<void>
}

/** An Incus of its own that listens on HTTPS, for what would disturb others on a shared one. */
export async function startPrivateDaemon(): Promise<PrivateDaemon> {
  const folder = await mkdtemp(join(tmpdir(), 'omni-incus-'))
  const socket = join(folder, 'unix.socket')
  let child: ChildProcess | undefined
  const start = async () => {
    const out = openSync(join(folder, 'out'), 'a')
    const args = ['--group', 'incus-admin', '--logfile', join(folder, 'log')]
    child = spawn('/usr/libexec/incus/incusd', args, {
      env: {...process.env, INCUS_DIR: folder},
      stdio: ['ignore', out, out],
    })
    const client = await openClient(testContext({INCUS_SOCKET: socket}), {})
    await poll({everyMs: 100, timeoutMs: 30_000}, () => client.server().catch(() => undefined))
    client.close()
  }
  const stop = async () => {
    if (child === undefined) return
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    await ended
    child = undefined
  }
  await start()
  const url = `https://127.0.0.1:${await freePort()}`
  const client = await openClient(testContext({INCUS_SOCKET: socket}), {})
  await client.send({method: 'PATCH', path: '', json: {config: {'core.https_address': url.slice('https://'.length)}}})
  client.close()
  return {
    folder,
    socket,
    url,
    start,
    stop,
    async remove() {
      await stop()
      await rm(folder, {recursive: true, force: true})
    },
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  return typeof address === 'object' && address !== null ? address.port : 0
}
