import {type ExecFacet, type ExecOptions, OmniError} from '@omni-cli/sdk'
import {itemView, type View} from '@omni-cli/sdk/cli'
import {type GatheredOutput, outputCollector} from './exec-output.ts'
import {openTerminal} from './exec-terminal.ts'

export interface ExecChoice {
  readonly replica: string | undefined
  /** Undefined: a terminal when there is one on both sides of us. */
  readonly tty: boolean | undefined
  readonly stdin: boolean
  /** The output is gathered instead of passed on. */
  readonly isData: boolean
  /** As whom, where and with what the program runs. */
  readonly inside?: Pick<ExecOptions, 'user' | 'cwd' | 'env'> | undefined
}

export interface ExecSurroundings {
  readonly stdin: NodeJS.ReadStream
  readonly stdout: NodeJS.WriteStream
  readonly stderr: NodeJS.WriteStream
  readonly signal: AbortSignal
}

/** USAGE for a terminal that is not there, or that leaves no data to gather. */
function wantsTerminal({tty, isData}: ExecChoice, {stdin, stdout}: ExecSurroundings): boolean {
  const has = stdin.isTTY === true && stdout.isTTY === true
  if (tty === true && isData) {
    throw new OmniError('USAGE', 'a terminal and --output exclude each other', {hint: 'leave out --tty'})
  }
  if (tty === true && !has) {
    throw new OmniError('USAGE', '--tty needs a terminal: stdin or stdout is none', {hint: 'leave out --tty'})
  }
  return has && !isData && tty !== false
}

/** Runs a program in a replica, or in an instance, with our streams. Resolves with its exit status; a view when the output is data. */
export async function execIn(
  facet: ExecFacet,
  {name, argv}: {readonly name: string; readonly argv: readonly string[]},
  {choice, around}: {readonly choice: ExecChoice; readonly around: ExecSurroundings},
): Promise<{readonly exitCode: number; readonly view?: View | undefined}> {
  const {isData} = choice
  const notes: string[] = []
  let isSilent = true
  const heard = (take: (chunk: Buffer) => unknown) => (chunk: Buffer) => {
    isSilent = false
    return take(chunk)
  }
  const onProgress = (note: string) => void notes.push(note)
  const call = {...choice.inside, replica: choice.replica, signal: around.signal, onProgress}
  const toStderr = passOn(around.stderr)
  // A shell tells by itself what it has not found.
  const tell = async (end: {readonly exitCode: number}) => {
    if (isSilent && NOT_STARTED.includes(end.exitCode))
      for (const note of notes) await toStderr(Buffer.from(`${note}\n`))
    return end
  }
  if (wantsTerminal(choice, around)) {
    const inTerminal = async () => {
      using terminal = openTerminal(around)
      const onStdout = heard((chunk) => terminal.options.onStdout?.(chunk))
      return await facet.run(name, argv, {...call, ...terminal.options, onStdout})
    }
    return tell(await inTerminal())
  }
  const stdin = choice.stdin ? around.stdin : undefined
  if (!isData) {
    const [onStdout, onStderr] = [heard(passOn(around.stdout)), heard(toStderr)]
    return tell(await facet.run(name, argv, {...call, stdin, onStdout, onStderr}))
  }
  const {sinks, result} = outputCollector()
  const {exitCode} = await facet.run(name, argv, {...call, stdin, ...sinks})
  return {exitCode, view: dataView({exitCode, ...result()})}
}

/** What cannot be started, or is not there. */
const NOT_STARTED: readonly number[] = [126, 127]

/** Bytes as they are; resolves when more can be taken. */
export const passOn =
  (stream: NodeJS.WriteStream) =>
  (chunk: Buffer): Promise<void> =>
    new Promise((resolve, reject) => {
      stream.write(chunk, (error) => (error === undefined || error === null ? resolve() : reject(outputFailure(error))))
    })

/** Nobody reads any more: the program ends, and we as a shell would tell of it. */
function outputFailure(error: NodeJS.ErrnoException): Error {
  if (error.code === 'EPIPE') return Object.assign(error, {code: 'EEXIT', oclif: {exit: CLOSED_PIPE_EXIT}})
  return new OmniError('IO', `cannot pass the output on: ${error.message}`, {cause: error})
}

/** 128 + SIGPIPE. */
const CLOSED_PIPE_EXIT = 141

interface ExecResult extends GatheredOutput {
  readonly exitCode: number
}

const dataView = (data: ExecResult): View => itemView({data, text: () => [], exitCode: data.exitCode})
