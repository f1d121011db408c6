import {execFile} from 'node:child_process'
import {accessSync, constants, readlinkSync} from 'node:fs'
import {delimiter, join} from 'node:path'
import {promisify} from 'node:util'
import {OmniError, poll, type TerminalSize} from '@omni-cli/sdk'
import type {ExecSession} from '../runtime.ts'
import {readIfThere} from './kernel-file.ts'
import {mergeOutput} from './merge-output.ts'
import {listProcesses} from './process-table.ts'
import {exitStatusOf, inputTo, killGroup, spawnBeside} from './spawn-beside.ts'
import type {InstanceContext} from './wire.ts'

/** How long the terminal may take to be there when its size is changed. */
const READY_MS = 2_000

/**
 * A program on a terminal of its own. Node has none to give: `script` of util-linux makes it. UNSUPPORTED on a machine
 * that has no such program.
 */
export function openTerminal(context: InstanceContext, argv: readonly string[], size: TerminalSize): ExecSession {
  const script = findScript()
  if (script === undefined) {
    throw new OmniError('UNSUPPORTED', 'this machine has no terminal for programs: it lacks script of util-linux', {
      hint: 'sudo apt-get install bsdutils',
    })
  }
  // The program is in a session of its own, whose first process is the only child of `script`.
  const env = {TERM: 'xterm', ...context.env, SHELL: '/bin/sh'}
  const child = spawnBeside({...context, env}, [script, '-qefc', commandLine(argv, size, context), '/dev/null'])
  const exitCode = exitStatusOf(child)
  let leader: number | undefined
  const findLeader = () => {
    leader ??= childOf(child.pid)
    return leader
  }
  // Looked for while `script` lives: what it leaves behind is found by nothing else.
  const looking = setInterval(() => findLeader() !== undefined && clearInterval(looking), 20).unref()
  void exitCode.then(() => clearInterval(looking))
  return {
    output: mergeOutput(child),
    ...inputTo(child),
    async resize(wanted) {
      if (child.exitCode !== null || child.signalCode !== null) return
      const terminal = await poll({everyMs: 20, timeoutMs: READY_MS}, () => terminalOf(findLeader()))
      await setSize(terminal, wanted)
    },
    exitCode,
    async close() {
      killSession(findLeader())
      killGroup(child.pid)
      await exitCode
    },
  }
}

function findScript(): string | undefined {
  if (process.platform !== 'linux') return undefined
  const folders = ['/usr/bin', '/bin', ...(process.env.PATH ?? '').split(delimiter)]
  return folders.map((folder) => join(folder, 'script')).find(isExecutable)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** `script` takes a line for a shell and no list of words: each word is quoted whole, so that nothing in it has a meaning. */
function commandLine(argv: readonly string[], {rows, columns}: TerminalSize, {env}: InstanceContext): string {
  const shell = env.SHELL === undefined ? 'unset SHELL' : `SHELL=${quote(env.SHELL)}`
  const settings = `stty sane rows ${Math.trunc(rows)} cols ${Math.trunc(columns)} 2>/dev/null`
  return `${settings}; ${shell}; exec ${argv.map(quote).join(' ')}`
}

const quote = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`

function childOf(pid: number | undefined): number | undefined {
  const [child] = (readIfThere(`/proc/${pid}/task/${pid}/children`) ?? '').split(' ').filter(Boolean)
  return child === undefined ? undefined : Number(child)
}

function terminalOf(leader: number | undefined): string | undefined {
  try {
    const path = leader === undefined ? '' : readlinkSync(`/proc/${leader}/fd/0`)
    return path.startsWith('/dev/pts/') ? path : undefined
  } catch {
    return undefined
  }
}

/** The kernel tells the programs on the terminal (SIGWINCH). */
async function setSize(terminal: string, {rows, columns}: TerminalSize): Promise<void> {
  const args = ['-F', terminal, 'rows', String(Math.trunc(rows)), 'cols', String(Math.trunc(columns))]
  await promisify(execFile)('stty', args).catch(() => undefined)
}

function killSession(leader: number | undefined): void {
  if (leader === undefined) return
  for (const {pid, group, session} of listProcesses()) {
    if (session === leader || group === leader) killOne(pid)
  }
}

function killOne(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    return
  }
}
