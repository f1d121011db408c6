import {type ChildProcess, spawn} from 'node:child_process'
import {once} from 'node:events'
import {setTimeout as delay} from 'node:timers/promises'
import {type ExitInfo, messageOf, OmniError, throwIfAborted} from '@omni-cli/sdk'
import {type Command, commandWords} from '../command.ts'
import {formatLines} from '../logs/format.ts'
import {createLineCutter} from '../supervisor/line-cutter.ts'
import type {LogFile} from '../supervisor/log-file.ts'

export interface BuildRequest {
  readonly service: string
  readonly release: string
  readonly folder: string
  readonly commands: readonly Command[]
  readonly env: Readonly<Record<string, string>>
  readonly uid?: number | undefined
  readonly gid?: number | undefined
  readonly log: LogFile
  readonly signal?: AbortSignal | undefined
  readonly onOutput?: ((line: string) => void) | undefined
}

const LAST_LINES = 20
/** A step that has ended may leave a child behind that holds its pipes. */
const LAST_WORDS_MS = 500

/** Runs the steps in order. DEPLOY_FAILED (BuildFailed) at the first that does not end with 0; ABORTED ends its group. */
export async function runBuild(request: BuildRequest): Promise<void> {
  const lastLines: string[] = []
  for (const command of request.commands) {
    throwIfAborted(request.signal)
    const argv = commandWords(command, request.env)
    // As it was written: variables may hold secrets.
    const text = typeof command === 'string' ? command : command.join(' ')
    const print = (stream: 'o' | 'e', lines: string) => {
      request.log.append(formatLines(lines, stream, request.release))
      for (const line of lines.split('\n')) {
        request.onOutput?.(line)
        if (lastLines.push(line) > LAST_LINES) lastLines.shift()
      }
    }
    print('o', `$ ${text}`)
    const exit = await runStep(argv, request, print)
    throwIfAborted(request.signal)
    if (exit.code !== 0) throw buildFailed(request.service, text, exit, lastLines)
  }
}

type Print = (stream: 'o' | 'e', lines: string) => void

async function runStep(argv: readonly string[], request: BuildRequest, print: Print): Promise<ExitInfo> {
  const [program = '', ...args] = argv
  const {folder, env, uid, gid, signal} = request
  const child = spawn(program, args, {
    cwd: folder,
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(uid === undefined ? {} : {uid}),
    ...(gid === undefined ? {} : {gid}),
  })
  const killGroup = () => killAll(child)
  signal?.addEventListener('abort', killGroup, {once: true})
  const closed = once(child, 'close')
  closed.catch(() => undefined)
  const cutters = (['o', 'e'] as const).map((stream) => {
    const cutter = createLineCutter((lines) => print(stream, lines))
    child[stream === 'o' ? 'stdout' : 'stderr'].on('data', (chunk: Buffer) => cutter.push(chunk))
    return cutter
  })
  try {
    const [code, killedBy] = await once(child, 'exit')
    killGroup()
    await Promise.race([closed, delay(LAST_WORDS_MS, undefined, {ref: false})])
    for (const cutter of cutters) cutter.end()
    const at = new Date().toISOString()
    return code === null ? {signal: String(killedBy), at} : {code: Number(code), at}
  } catch (error) {
    throw new OmniError('DEPLOY_FAILED', `cannot run build step '${program}': ${messageOf(error)}`, {
      cause: error,
      details: {reason: 'BuildFailed', message: messageOf(error), lastLines: []},
    })
  } finally {
    signal?.removeEventListener('abort', killGroup)
  }
}

/** The step and what it left behind. */
function killAll(child: ChildProcess): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, 'SIGKILL')
  } catch {
    return
  }
}

function buildFailed(service: string, step: string, exit: ExitInfo, lastLines: readonly string[]): OmniError {
  const how = exit.code === undefined ? `was killed by ${exit.signal}` : `failed with exit ${exit.code}`
  return new OmniError('DEPLOY_FAILED', `build step '${step}' of '${service}' ${how}`, {
    hint: `omni logs ${service} --replica build`,
    details: {reason: 'BuildFailed', exit, lastLines: [...lastLines]},
  })
}
