import {aborted, type ExecFacet, type ExecOptions, isOmniError, OmniError, throwIfAborted} from '@omni-cli/sdk'
import type {IncusClient} from '../client/client.ts'
import {failureOf} from '../client/failure.ts'
import type {Operation} from '../client/wire.ts'
import {within} from '../client/within.ts'
import {checkFolder} from './exec-folder.ts'
import {type Attached, attach} from './exec-streams.ts'
import {findUser} from './exec-user.ts'

const SIGTERM = 15

export interface ExecSettings {
  /** Programs that are told to end get so long for it before they are cut off, and Incus so long to tell their end. */
  readonly graceMs?: number | undefined
}

/** Programs inside of machines, over websockets. A user has the one group of its `passwd` entry; Incus knows no further ones. */
export function createExec(client: IncusClient, {graceMs = 2_000}: ExecSettings = {}): ExecFacet {
  return {
    async run(name, argv, options = {}) {
      throwIfAborted(options.signal)
      if (argv[0] === undefined || argv[0] === '') {
        throw new OmniError('USAGE', 'there is no program to run', {hint: `omni exec ${name} -- uname -a`})
      }
      const call = {name, argv, options, graceMs}
      return {exitCode: await attend(client, await begin(client, call), call)}
    },
  }
}

interface Call {
  readonly name: string
  readonly argv: readonly string[]
  readonly options: ExecOptions
  readonly graceMs: number
}

async function begin(client: IncusClient, {name, argv, options}: Call): Promise<Operation> {
  const {terminal, signal} = options
  const [user] = await Promise.all([
    options.user === undefined ? undefined : findUser(client, {name, user: options.user, signal}),
    options.cwd === undefined ? undefined : checkFolder(client, {name, path: options.cwd, signal}),
  ])
  const json = {
    command: argv,
    'wait-for-websocket': true,
    interactive: terminal !== undefined,
    ...(terminal === undefined ? {} : {width: terminal.size.columns, height: terminal.size.rows}),
    ...(user === undefined ? {} : {user: user.uid, group: user.gid}),
    cwd: options.cwd ?? user?.home,
    environment: {
      ...(terminal === undefined ? {} : {TERM: 'xterm-256color'}),
      ...(user?.name === undefined ? {} : {USER: user.name, HOME: user.home}),
      ...options.env,
    },
  }
  try {
    return await client.begin({method: 'POST', path: `/instances/${encodeURIComponent(name)}/exec`, json}, {signal})
  } catch (error) {
    throw isOmniError(error) && /not running/.test(error.message)
      ? new OmniError('CONFLICT', `'${name}' is not running`, {hint: `omni start instance ${name}`, cause: error})
      : error
  }
}

/** The exit status, once the program has ended and all that it wrote has been taken. */
async function attend(client: IncusClient, operation: Operation, call: Call): Promise<number> {
  const {
    graceMs,
    options: {signal},
  } = call
  const attached = await attach(client, operation, call.options)
  const over = new AbortController()
  const settled = client.settle(operation, {signal: over.signal})
  // Told below, unless what the caller does with the output fails first.
  settled.catch(() => undefined)
  const stopped = Promise.withResolvers<undefined>()
  const interrupt = () => void stop(attached, settled, graceMs).then(() => stopped.resolve(undefined))
  signal?.addEventListener('abort', interrupt, {once: true})
  if (signal?.aborted) interrupt()
  try {
    const isWhole = await attached.output
    if (!isWhole) attached.control.close()
    const ended = await (isWhole
      ? Promise.race([settled, stopped.promise])
      : within(signal?.aborted ? 0 : graceMs, settled))
    if (signal?.aborted) throw interrupted(call, ended)
    return exitCode(call, ended, isWhole)
  } finally {
    signal?.removeEventListener('abort', interrupt)
    attached.close()
    over.abort()
  }
}

/** Asks the program to end, then cuts it off, as Incus kills what has lost its control connection. */
async function stop(attached: Attached, settled: Promise<unknown>, graceMs: number): Promise<void> {
  const isOver = settled.catch(() => undefined)
  const {control} = attached
  await control.send(JSON.stringify({command: 'signal', signal: SIGTERM})).catch(() => undefined)
  await within(graceMs, isOver)
  control.close()
  await within(graceMs, isOver)
  attached.close()
}

function interrupted({name, options}: Call, ended: Operation | undefined): OmniError {
  if (ended !== undefined) return aborted(options.signal)
  return new OmniError('ABORTED', `interrupted; the program in '${name}' may still run`, {
    cause: options.signal?.reason,
  })
}

function exitCode({name, argv, options}: Call, ended: Operation | undefined, isWhole: boolean): number {
  const code = ended?.metadata.return
  // -1 stands for a program that was never started.
  const hasCode = typeof code === 'number' && code >= 0
  if (ended !== undefined && ended.err !== '' && !hasCode) throw failureOf({text: ended.err})
  if (!isWhole || !hasCode) {
    throw new OmniError('UNAVAILABLE', `the connection to '${name}' was lost before the end of the program was known`, {
      hint: `omni describe instance/${name}`,
    })
  }
  // Incus calls every end with 126 and 127 a failure, also when the program itself chose that status.
  if (ended !== undefined && ended.err !== '') options.onProgress?.(`${argv[0]}: ${ended.err}`)
  return code
}
