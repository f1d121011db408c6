import {type ChildProcess, spawn} from 'node:child_process'
import {once} from 'node:events'
import {existsSync, mkdirSync, writeFileSync} from 'node:fs'
import {connect, createServer} from 'node:net'
import {join} from 'node:path'

/** A running program that serves HTTP on a loopback port. */
export interface Program {
  readonly name: string
  readonly port: number
  readonly process: ChildProcess
}

const root = join(import.meta.dirname, '..', '..')

export async function startBackend(): Promise<Program> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'backend.ts')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = await once(child.stdout, 'data')
  return {name: 'direct', port: Number(String(line)), process: child}
}

/** Debian's Caddy with nothing but one proxy route. */
export async function startCaddy(folder: string, backendPort: number): Promise<Program> {
  const port = await freePort()
  const file = join(folder, 'Caddyfile')
  writeFileSync(
    file,
    `{\n  admin off\n  auto_https off\n}\nhttp://:${port} {\n  reverse_proxy 127.0.0.1:${backendPort}\n}\n`,
  )
  const child = spawn('caddy', ['run', '--config', file, '--adapter', 'caddyfile'], {
    stdio: 'ignore',
    env: {...process.env, HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder},
  })
  return listening({name: 'caddy', port, process: child})
}

/** Our edge process as the engine starts it, with a stored table. */
export async function startEdge(folder: string, backendPort: number): Promise<Program> {
  const main = join(root, 'plugins/orca/dist/edge/main.js')
  if (!existsSync(main)) throw new Error('build first: npx tsc -b plugins/orca')
  const port = await freePort()
  for (const name of ['engine', 'locks', 'logs', 'run']) mkdirSync(join(folder, name), {mode: 0o700})
  const targets = [{address: `127.0.0.1:${backendPort}`, weight: 1, version: 'v1'}]
  const service = {service: 'web', protocol: 'http', hosts: ['127.0.0.1'], paths: [], targets}
  const table = {http: {bind: '127.0.0.1', port}, services: [service]}
  writeFileSync(join(folder, 'engine', 'edge-table.json'), JSON.stringify(table))
  const child = spawn(process.execPath, [main, '--home', folder, '--socket', join(folder, 'run', 'edge.sock')], {
    stdio: 'ignore',
  })
  return listening({name: 'omni', port, process: child})
}

export async function stop({process: child}: Program): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), 2_000)
  await exited
  clearTimeout(timer)
}

async function listening(program: Program): Promise<Program> {
  for (let attempt = 0; attempt < 200; attempt++) {
    if (program.process.exitCode !== null) throw new Error(`${program.name} ended at start`)
    if (await accepts(program.port)) return program
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  throw new Error(`${program.name} does not listen`)
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}
