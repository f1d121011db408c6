import {buffer} from 'node:stream/consumers'
import {type ExecFacet, type ExecOptions, type Instance, OmniError, sleep, throwIfAborted} from '@omni-cli/sdk'
import {type Disk, resolvePath} from './disk.ts'

/** A run of a program in a machine. */
export interface ProgramRun {
  readonly machine: string
  readonly argv: readonly string[]
  readonly options: ExecOptions
}

/** The exit status, or undefined when the program is not known. */
export type Program = (run: ProgramRun) => Promise<number | undefined> | number | undefined

interface Inside {
  found(name: string): Instance
  diskOf(name: string): Disk
  /** Asked before the programs that every machine has. */
  readonly program?: Program | undefined
}

/**
 * Runs the few programs that machines in memory have: printf, echo, cat, head -c N /dev/zero, pwd, env, id, tty, true, false, sleep, and
 * `sh -c` of one of them or of `exit N`. What is not known ends with 127, a file that cannot be run with 126.
 */
export function memoryExec(inside: Inside): ExecFacet {
  return {
    async run(name, argv, options = {}) {
      throwIfAborted(options.signal)
      const {status} = inside.found(name)
      if (status !== 'running') throw new OmniError('CONFLICT', `instance '${name}' is ${status}`)
      const run = {machine: name, argv, options}
      const exitCode = (await inside.program?.(run)) ?? (await runProgram(run, inside.diskOf(name)))
      throwIfAborted(options.signal)
      return {exitCode}
    },
  }
}

async function runProgram({machine, argv, options}: ProgramRun, disk: Disk): Promise<number> {
  const [program = '', ...rest] = argv
  const print = async (text: string | Buffer) => {
    await options.onStdout?.(Buffer.from(text))
    return 0
  }
  const complain = async (text: string, status: number) => {
    await (options.terminal === undefined ? options.onStderr : options.onStdout)?.(Buffer.from(`${text}\n`))
    return status
  }
  switch (program) {
    case 'true':
      return 0
    case 'false':
      return 1
    case 'printf':
      return print(rest[1] ?? '')
    case 'echo':
      return print(`${rest.join(' ')}\n`)
    case 'hostname':
      return print(`${machine}\n`)
    case 'pwd':
      return print(`${options.cwd ?? '/root'}\n`)
    case 'env':
      return print(
        Object.entries(options.env ?? {})
          .map(([name, value]) => `${name}=${value}\n`)
          .join(''),
      )
    case 'id':
      return print(`${options.user ?? '0'}\n`)
    case 'tty':
      return options.terminal === undefined ? print('not a tty\n').then(() => 1) : print('/dev/pts/0\r\n')
    case 'head':
      return print(Buffer.alloc(Number(rest[1] ?? 0)))
    case 'sleep':
      await sleep(Number(rest[0] ?? 0) * 1000, options.signal)
      return 0
    case 'cat':
      return cat(rest, {disk, options, print, complain})
    case 'sh':
      return shell(rest[1] ?? '', {machine, argv, options}, disk)
  }
  const file = program.startsWith('/') ? disk.get(resolvePath(disk, program, true)) : undefined
  if (file !== undefined && (file.mode & 0o111) === 0) return complain(`${program}: permission denied`, 126)
  return file === undefined ? complain(`${program}: not found`, 127) : 0
}

interface CatCall {
  readonly disk: Disk
  readonly options: ExecOptions
  print(text: Buffer): Promise<number>
  complain(text: string, status: number): Promise<number>
}

async function cat([path]: readonly string[], {disk, options, print, complain}: CatCall): Promise<number> {
  if (path === undefined) return print(options.stdin === undefined ? Buffer.alloc(0) : await buffer(options.stdin))
  const content = disk.get(resolvePath(disk, path, true))?.content
  return content === undefined ? complain(`cat: ${path}: no such file`, 1) : print(content)
}

/** `exit N`, commands with words and nothing else, one after the other (`;`), `>&2` at their ends. */
async function shell(line: string, run: ProgramRun, disk: Disk): Promise<number> {
  let status = 0
  for (const part of line.split(';').map((text) => text.trim())) {
    const exit = /^exit (\d+)$/.exec(part)?.[1]
    if (exit !== undefined) return Number(exit)
    const {options} = run
    const isError = /\s>&2$/.test(part)
    const words = part.replace(/\s>&2$/, '').split(/\s+/)
    const inner = {...run, argv: words, options: isError ? {...options, onStdout: options.onStderr} : options}
    status = await runProgram(inner, disk)
  }
  return status
}
