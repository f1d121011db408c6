import {once} from 'node:events'
import {readFile} from 'node:fs/promises'
import type {Duplex} from 'node:stream'
import {messageOf, OmniError, poll, sleep, type TerminalSize, throwIfAborted} from '@omni-cli/sdk'
import {z} from 'zod'
import {collectExec} from '../../collect-exec.ts'
import type {ExecRequest, ExecSession} from '../../runtime.ts'
import type {Engine} from '../engine/engine.ts'
import {isRefusal} from '../engine/failure.ts'
import {type Frame, readFrames} from './frames.ts'

const created = z.object({Id: z.string()})
const inspected = z.object({Running: z.boolean(), ExitCode: z.number().nullish(), Pid: z.number().nullish()})

const NOT_FOUND = /executable file not found|no such file or directory/i
const COMPLAINT_BYTES = 4 * 1024
const LOOK_MS = 20
/** From the end of the output to the exit status. */
const STATUS_MS = 10_000
/** SIGKILL and what the kernel needs for it. */
const KILL_MS = 5_000
/** The terminal is there when the program has started. */
const RESIZE_ATTEMPTS = 25

/**
 * Runs a program inside of a container. CONFLICT when the container does not run. `close` ends the program with
 * everything in its session when the Engine is of this machine and its processes are ours to end; the Engine itself
 * cannot, so that elsewhere the program only loses its input and output.
 */
export async function openExec(engine: Engine, containerId: string, request: ExecRequest): Promise<ExecSession> {
  const id = await create(engine, containerId, request)
  const socket = await start(engine, id, request)
  if (!('write' in socket)) return refusedSession(socket)
  const exec: RunningExec = {engine, id, containerId, socket, complaint: ''}
  let isEnded = false
  const exitCode = ended(exec).finally(() => {
    isEnded = true
  })
  exitCode.catch(() => undefined)
  if (request.terminal !== undefined) void resize(exec, request.terminal, RESIZE_ATTEMPTS)
  return {
    output: remembered(exec, request.terminal === undefined ? readFrames(socket) : rawOutput(socket)),
    write: (chunk) => write(socket, chunk),
    endInput: () => void socket.end(),
    resize: (size) => resize(exec, size, 1),
    exitCode,
    async close() {
      if (!isEnded) await kill(exec)
      socket.destroy()
      await exitCode.catch(() => undefined)
    },
  }
}

/** For probes: the output in one, at most 1 MiB. TIMEOUT and ABORTED end the program as `close` of a session does. */
export async function runExec(
  engine: Engine,
  containerId: string,
  argv: readonly string[],
  options: {readonly timeoutMs: number; readonly signal?: AbortSignal | undefined},
): Promise<{readonly exitCode: number; readonly output: string}> {
  throwIfAborted(options.signal)
  const session = await openExec(engine, containerId, {argv})
  return collectExec(session, {program: argv[0] ?? '', ...options})
}

interface RunningExec {
  readonly engine: Engine
  readonly id: string
  readonly containerId: string
  readonly socket: Duplex
  /** The beginning of its output: the Engine's own words when it could not be started. */
  complaint: string
}

async function create(engine: Engine, containerId: string, {argv, terminal}: ExecRequest): Promise<string> {
  try {
    const answer = await engine.call('POST', `/containers/${encodeURIComponent(containerId)}/exec`, {
      json: {
        ...{AttachStdin: true, AttachStdout: true, AttachStderr: true},
        ...{Tty: terminal !== undefined, Cmd: argv},
        ...(terminal === undefined ? {} : {Env: ['TERM=xterm']}),
      },
    })
    return created.parse(answer).Id
  } catch (error) {
    if (!isRefusal(error, 404, 409)) throw error
    throw new OmniError('CONFLICT', `the container does not run: ${messageOf(error)}`, {cause: error})
  }
}

interface Refusal {
  readonly exitCode: number
  readonly message: string
}

/** Newer Engines refuse a program that cannot be started, older ones start it in vain. */
async function start(engine: Engine, id: string, {terminal}: ExecRequest): Promise<Duplex | Refusal> {
  try {
    return await engine.hijack(`/exec/${id}/start`, {json: {Detach: false, Tty: terminal !== undefined}})
  } catch (error) {
    const message = messageOf(error)
    if (isRefusal(error) && NOT_FOUND.test(message)) return {exitCode: 127, message}
    if (isRefusal(error) && /permission denied|exec format|is a directory/i.test(message)) {
      return {exitCode: 126, message}
    }
    throw error
  }
}

const refusedSession = ({exitCode, message}: Refusal): ExecSession => ({
  output: oneChunk(`${message}\n`),
  write: async () => undefined,
  endInput: () => undefined,
  resize: async () => undefined,
  exitCode: Promise.resolve(exitCode),
  close: async () => undefined,
})

async function* oneChunk(text: string): AsyncGenerator<Frame> {
  yield {stream: 'stderr', chunk: Buffer.from(text)}
}

async function* rawOutput(socket: Duplex): AsyncGenerator<Frame> {
  for await (const chunk of socket) yield {stream: 'stdout', chunk}
}

async function* remembered(exec: RunningExec, output: AsyncIterable<Frame>): AsyncGenerator<Frame> {
  for await (const frame of output) {
    if (exec.complaint === '') exec.complaint = frame.chunk.toString('utf8', 0, COMPLAINT_BYTES)
    yield frame
  }
}

async function write(socket: Duplex, chunk: Buffer): Promise<void> {
  if (!socket.writable || socket.write(chunk)) return
  const waiting = new AbortController()
  const {signal} = waiting
  const turns = ['drain', 'close'].map((event) => once(socket, event, {signal}).catch(() => undefined))
  await Promise.race(turns)
  waiting.abort()
}

/** The Engine tells it only when it is asked, a moment after the output has ended. */
async function ended(exec: RunningExec): Promise<number> {
  const {engine, id, socket} = exec
  await new Promise<void>((resolve) => {
    socket
      .once('end', resolve)
      .once('close', resolve)
      .once('error', () => resolve())
  })
  const {ExitCode, Pid} = await poll({everyMs: LOOK_MS, timeoutMs: STATUS_MS}, async () => {
    const state = await inspect(engine, id)
    return state.Running ? undefined : state
  })
  // Older Engines do not tell a program that is not there from one that may not be run.
  const isMissing = !Pid && NOT_FOUND.test(exec.complaint)
  return isMissing ? 127 : (ExitCode ?? 126)
}

const inspect = async (engine: Engine, id: string) => inspected.parse(await engine.call('GET', `/exec/${id}/json`))

async function resize({engine, id}: RunningExec, size: TerminalSize, attempts: number): Promise<void> {
  const query = {h: Math.trunc(size.rows), w: Math.trunc(size.columns)}
  for (let attempt = 1; attempt <= attempts; attempt++) {
    try {
      await engine.call('POST', `/exec/${id}/resize`, {query})
      return
    } catch {
      // It has not started, or has ended.
      await sleep(LOOK_MS)
    }
  }
}

/** The program leads a session of its own, under a number of the Engine's machine. */
async function kill({engine, id, containerId}: RunningExec): Promise<void> {
  const state = await inspect(engine, id).catch(() => undefined)
  const pid = state?.Pid ?? 0
  if (!engine.isLocal || state?.Running !== true || !(await isInside(pid, containerId))) return
  for (const target of [-pid, pid]) {
    try {
      process.kill(target, 'SIGKILL')
    } catch {
      // It has ended, or is somebody else's.
    }
  }
  await poll({everyMs: LOOK_MS, timeoutMs: KILL_MS}, async () => !(await inspect(engine, id)).Running).catch(
    () => undefined,
  )
}

/** A socket may lead to another machine, where the number is that of another process. */
const isInside = async (pid: number, containerId: string): Promise<boolean> =>
  pid > 1 && (await readFile(`/proc/${pid}/cgroup`, 'utf8').catch(() => '')).includes(containerId)
