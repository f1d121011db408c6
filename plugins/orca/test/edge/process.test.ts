import {execFileSync, spawn} from 'node:child_process'
import {once} from 'node:events'
import {existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync} from 'node:fs'
import {connect, createServer} from 'node:net'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {setTimeout as delay} from 'node:timers/promises'
import {afterEach, beforeEach, expect, it} from 'vitest'
import {createEdge} from '../../src/edge/client.ts'
import type {Edge, EdgeTable} from '../../src/edge/table.ts'
import {programPath} from '../../src/programs.ts'
import {socketPath} from '../../src/socket-path.ts'
import {statusOf} from './support/raw-client.ts'
import {addressOf, get, lastGet, Scope, table, web} from './support/scope.ts'

/** The real process, as the control plane starts it. It runs from the built files. */

const scope = new Scope()
let home = ''
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'edge-'))
})
afterEach(async () => {
  await scope.close()
  const last = createEdge({home})
  await last.shutdown(0)
  last.close()
  rmSync(home, {recursive: true, force: true})
})

function open(): Edge {
  const edge = createEdge({home})
  scope.add(() => edge.close())
  return edge
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const port = Number(addressOf(server).split(':')[1])
  server.close()
  await once(server, 'close')
  return port
}

const named = (name: string) => scope.httpBackend((_request, response) => response.end(`<${name}>`))

async function tableFor(...targets: string[]): Promise<EdgeTable> {
  return {...table(web(targets, {port: undefined})), http: {bind: '127.0.0.1', port: await freePort()}}
}

async function ask(port: number): Promise<string> {
  const client = scope.client(port)
  client.write(lastGet())
  return client.readToEnd()
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

it('without a process there is nothing to see, and nothing is started', async () => {
  const edge = open()

  expect(await edge.health()).toBeUndefined()
  expect(await edge.stats()).toEqual([])
  expect(await edge.drained('127.0.0.1:1', 1)).toBe(true)
  await edge.shutdown(0)
})

it('apply starts the process, which serves and counts', async () => {
  const edge = open()
  const wanted = await tableFor(await named('web'))

  const listeners = await edge.apply(wanted)

  expect(listeners).toEqual([{service: undefined, bind: '127.0.0.1', port: wanted.http.port}])
  expect(await ask(wanted.http.port)).toContain('<web>')
  expect((await edge.stats())[0]).toMatchObject({service: 'web', version: 'v1', requests: 1, inFlight: 0})
  expect((await edge.health())?.pid).not.toBe(process.pid)
  expect(statSync(socketPath(home, 'edge')).mode & 0o777).toBe(0o600)
  expect(statSync(join(home, 'engine', 'edge-table.json')).mode & 0o777).toBe(0o600)
  expect(statSync(join(home, 'logs', 'edge.log')).mode & 0o777).toBe(0o600)
})

it('many who start it at once get one process', async () => {
  const wanted = await tableFor(await named('web'))
  const edges = [open(), open(), open(), open()]

  await Promise.all(edges.map((edge) => edge.apply(wanted)))

  const pids = await Promise.all(edges.map(async (edge) => (await edge.health())?.pid))
  expect(new Set(pids).size).toBe(1)
  const late = spawn(process.execPath, [programPath('edge'), '--home', home], {stdio: 'ignore'})
  expect(await once(late, 'exit')).toEqual([0, null])
  expect(await ask(wanted.http.port)).toContain('<web>')
})

it('it outlives its control plane, and the next one finds it', async () => {
  const wanted = await tableFor(await named('web'))
  const first = open()
  await first.apply(wanted)
  const pid = (await first.health())?.pid
  first.close()

  expect(await ask(wanted.http.port)).toContain('<web>')
  expect((await open().health())?.pid).toBe(pid)
})

it('killed, it is back with its last table before anybody applies one', async () => {
  const wanted = await tableFor(await named('web'))
  const edge = open()
  await edge.apply(wanted)
  const pid = (await edge.health())?.pid ?? 0

  process.kill(pid, 'SIGKILL')

  await expect.poll(async () => (await edge.health())?.pid ?? pid, {timeout: 10_000}).not.toBe(pid)
  expect(await ask(wanted.http.port)).toContain('<web>')
})

it('started by hand after a crash, it serves the stored table', async () => {
  const wanted = await tableFor(await named('web'))
  const edge = open()
  await edge.apply(wanted)
  const pid = (await edge.health())?.pid ?? 0
  edge.close()
  process.kill(pid, 'SIGKILL')

  const child = spawn(process.execPath, [programPath('edge'), '--home', home], {stdio: 'ignore'})
  scope.add(() => child.kill('SIGKILL'))

  await expect.poll(() => ask(wanted.http.port), {timeout: 10_000}).toContain('<web>')
})

it('a failed target is reported to the control plane', async () => {
  const failures: string[] = []
  const dead = await scope.deadAddress()
  const edge = open()
  edge.onTargetFailure((address) => failures.push(address))
  const wanted = await tableFor(dead, await named('web'))
  await edge.apply(wanted)

  expect(await ask(wanted.http.port)).toContain('<web>')

  await expect.poll(() => failures).toEqual([dead])
})

it.each(['SIGTERM', 'shutdown'] as const)('%s lets requests end and takes no new ones', async (way) => {
  const arrived = Promise.withResolvers<void>()
  const letGo = Promise.withResolvers<void>()
  const address = await scope.httpBackend(async (_request, response) => {
    arrived.resolve()
    await letGo.promise
    response.end('<late>')
  })
  const wanted = await tableFor(address)
  const edge = open()
  await edge.apply(wanted)
  const pid = (await edge.health())?.pid ?? 0
  const [busy, idle] = [scope.client(wanted.http.port), scope.client(wanted.http.port)]
  busy.write(get())
  await arrived.promise

  let ending: Promise<void> | undefined
  if (way === 'shutdown') ending = edge.shutdown(10_000)
  else {
    edge.close()
    process.kill(pid, 'SIGTERM')
  }
  await idle.readToEnd()
  const refused = scope.client(wanted.http.port)
  await refused.closed
  letGo.resolve()

  expect(refused.isReset).toBe(true)
  expect(await busy.readToEnd()).toContain('<late>')
  await ending
  await expect.poll(() => isAlive(pid), {timeout: 5_000}).toBe(false)
})

it('shut down by one control plane, it is not started again by another', async () => {
  const [one, other] = [open(), open()]
  await one.apply(await tableFor())
  await other.health()

  await other.shutdown(0)
  await delay(300)

  expect(await other.health()).toBeUndefined()
})

it('shutdown breaks what does not end in time', async () => {
  const wanted = await tableFor(await scope.httpBackend(() => undefined))
  const edge = open()
  await edge.apply(wanted)
  const client = scope.client(wanted.http.port)
  client.write(get())
  await delay(50)

  await edge.shutdown(100)

  expect(await client.readToEnd()).toBe('')
  expect(await edge.health()).toBeUndefined()
})

it('a stored table that is broken is no reason not to start', async () => {
  const edge = open()
  await edge.apply(await tableFor())
  await edge.shutdown(0)
  const {writeFileSync} = await import('node:fs')
  writeFileSync(join(home, 'engine', 'edge-table.json'), '{"http": ')

  const child = spawn(process.execPath, [programPath('edge'), '--home', home], {stdio: ['ignore', 'ignore', 'pipe']})
  scope.add(() => child.kill('SIGKILL'))
  let log = ''
  child.stderr.on('data', (chunk) => {
    log += chunk
  })

  await expect.poll(async () => (await open().health())?.pid, {timeout: 10_000}).toBe(child.pid)
  expect(log).toContain('the stored table is not usable')
})

it('a process that hangs has no health', async () => {
  const edge = open()
  await edge.apply(await tableFor())
  const pid = (await edge.health())?.pid ?? 0
  scope.add(() => process.kill(pid, 'SIGCONT'))

  process.kill(pid, 'SIGSTOP')

  expect(await edge.health()).toBeUndefined()
})

it.runIf(existsSync('/dev/full'))('a full disk stops neither the process nor a new table', async () => {
  for (const folder of ['logs', 'engine/edge-table.json']) mkdirSync(join(home, folder), {recursive: true})
  symlinkSync('/dev/full', join(home, 'logs', 'edge.log'))
  const edge = open()
  const [before, after] = [await tableFor(await named('before')), await tableFor(await named('after'))]

  await edge.apply(before)
  expect(await ask(before.http.port)).toContain('<before>')
  const pid = (await edge.health())?.pid
  await edge.apply(after)

  expect(await ask(after.http.port)).toContain('<after>')
  expect((await edge.health())?.pid).toBe(pid)
})

it.runIf(existsSync('/usr/bin/prlimit'))('out of descriptors, no target is blamed', async () => {
  const wanted = await tableFor(await named('web'))
  const edge = open()
  await edge.apply(wanted)
  const failures: string[] = []
  edge.onTargetFailure((address) => failures.push(address))
  const pid = (await edge.health())?.pid ?? 0
  const limit = (count: number) => execFileSync('prlimit', [`--pid=${pid}`, `--nofile=${count}:4096`])
  // Room for the client, none for the way to the target.
  const used = readdirSync(`/proc/${pid}/fd`).map(Number)
  limit(Array.from({length: 4_096}, (_, index) => index).findIndex((fd) => !used.includes(fd)) + 1)

  expect(statusOf(await ask(wanted.http.port))).toBe(503)
  limit(4_096)

  expect(await ask(wanted.http.port)).toContain('<web>')
  expect(failures).toEqual([])
})

it('a process of another version is replaced, once, and no request is lost', async () => {
  const slow = await scope.httpBackend((request, response) => {
    setTimeout(() => response.end('<done>'), request.url === '/slow' ? 1_000 : 0)
  })
  const wanted = await tableFor(slow)
  const old = open()
  await old.apply(wanted)
  const before = await old.health()
  old.close()
  const underWay = scope.client(wanted.http.port)
  underWay.write(get('/slow'))
  await delay(50)

  const next = createEdge({home, version: 'next'})
  scope.add(() => next.close())
  await next.apply(wanted)
  const after = await next.health()
  await next.apply(wanted)

  expect(before?.version).toMatch(/^\d+\.\d+\.\d+/)
  expect(after?.pid).not.toBe(before?.pid)
  expect((await next.health())?.pid).toBe(after?.pid)
  expect(await ask(wanted.http.port)).toContain('<done>')
  expect(await underWay.readToEnd()).toContain('<done>')
})

it('a control socket that was deleted is there again', async () => {
  const edge = open()
  await edge.apply(await tableFor())
  const pid = (await edge.health())?.pid

  rmSync(socketPath(home, 'edge'))

  await expect.poll(async () => (await open().health())?.pid, {timeout: 5_000}).toBe(pid)
  expect(statSync(socketPath(home, 'edge')).mode & 0o777).toBe(0o600)
})

it('the control socket survives nonsense', async () => {
  const edge = open()
  await edge.apply(await tableFor())
  const path = socketPath(home, 'edge')

  for (const nonsense of [
    'nonsense\n',
    '{"id":1,"method":"explode"}\n',
    'null\n',
    '{"id":1,"method":"apply","table":{}}\n',
  ]) {
    const socket = connect(path)
    socket.on('error', () => undefined)
    socket.end(nonsense)
    socket.resume()
    await once(socket, 'close')
  }

  expect((await edge.health())?.pid).toBeGreaterThan(0)
})

it('an unusable table is refused with a reason and the old one stays', async () => {
  const edge = open()
  const wanted = await tableFor(await named('web'))
  await edge.apply(wanted)

  await expect(edge.apply({...wanted, http: {bind: '127.0.0.1', port: 99_999}})).rejects.toThrow()

  expect(await ask(wanted.http.port)).toContain('<web>')
})

it('its log says what happened, and holds no environment', async () => {
  const edge = open()
  const dead = await scope.deadAddress()
  const wanted = await tableFor(dead)
  await edge.apply(wanted)
  await ask(wanted.http.port)

  await expect.poll(() => readFileSync(join(home, 'logs', 'edge.log'), 'utf8')).toContain(`target ${dead} failed`)
})
