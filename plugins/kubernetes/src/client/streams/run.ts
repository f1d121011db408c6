import {finished} from 'node:stream'
import {OmniError, reasonOf, throwIfAborted} from '@omni-cli/sdk'
import type {PodExecOptions} from '../kube-client.ts'
import type {Line} from '../send.ts'
import {type ChannelListener, type Channels, socketChannels, spdyChannels} from './channels.ts'
import {openSocket, openUpgrade} from './connect.ts'
import {type ProgramEnd, readEnd} from './exit-status.ts'
import {refusalError} from './refusal.ts'

/** `exec` of a program, or `attach` to the main one. */
export interface PodProgram {
  /** Path and query. */
  readonly path: string
  /** For messages: `the pod 'web-1'`. */
  readonly where: string
}

const [V4, V5] = ['v4.channel.k8s.io', 'v5.channel.k8s.io']
/** Statuses that speak of the way of asking: the same question in SPDY may be answered. */
const OTHER_WAY: readonly number[] = [400, 403, 405, 426, 500, 501, 502]

/** Joins the program, and resolves with its end when all output has been taken. */
export async function runIn(line: Line, program: PodProgram, options: PodExecOptions): Promise<ProgramEnd> {
  throwIfAborted(options.signal)
  const told: Buffer[] = []
  const ended = Promise.withResolvers<ProgramEnd>()
  const listen: ChannelListener = (channel, chunk) => {
    if (channel === 'stdout') return options.onStdout?.(chunk)
    if (channel === 'stderr') return options.onStderr?.(chunk)
    told.push(chunk)
    const text = Buffer.concat(told).toString('utf8')
    if (isWhole(text)) ended.resolve(endOf(text))
  }
  ended.promise.catch(() => undefined)
  const channels = await openChannels(line, {program, listen, options})
  const interrupted = Promise.withResolvers<never>()
  const interrupt = () => {
    channels.close()
    const message = `interrupted; the program in ${program.where} may still run`
    interrupted.reject(new OmniError('ABORTED', message, {cause: options.signal?.reason}))
  }
  interrupted.promise.catch(() => undefined)
  options.signal?.addEventListener('abort', interrupt, {once: true})
  if (options.signal?.aborted) interrupt()
  const input = sendInput(channels, options)
  const over = channels.closed.then((): ProgramEnd => {
    if (told.length > 0) return readEnd(Buffer.concat(told).toString('utf8'))
    throw new OmniError(
      'UNAVAILABLE',
      `the connection to ${program.where} was lost before the end of its program was known`,
      {
        hint: 'omni cluster health',
      },
    )
  })
  try {
    return await Promise.race([ended.promise, over, interrupted.promise, input.failed])
  } finally {
    options.signal?.removeEventListener('abort', interrupt)
    input.stop()
    over.catch(() => undefined)
    channels.close()
  }
}

const endOf = async (text: string): Promise<ProgramEnd> => readEnd(text)

function isWhole(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

interface Opening {
  readonly program: PodProgram
  readonly listen: ChannelListener
  readonly options: PodExecOptions
}

/**
 * A websocket where it can do what is asked for, else SPDY. Over `v4` websockets a program never sees the end of its input; and
 * older servers want the right `get` for a websocket and `create` for SPDY, of which roles mostly give the second.
 */
async function openChannels(line: Line, opening: Opening): Promise<Channels> {
  const {program, listen, options} = opening
  const {signal, terminal, stdin} = options
  const needsEnd = stdin !== undefined && terminal === undefined
  const {path} = program
  const socket = await openSocket(line, {path, protocols: needsEnd ? [V5] : [V5, V4], signal})
  if (socket.stream !== undefined) return socketChannels(socket.stream, listen)
  if (!OTHER_WAY.includes(socket.refusal.status)) throw refusalError(socket.refusal, path)
  const upgrade = await openUpgrade(line, {path, protocols: [V4], signal})
  if (upgrade.stream === undefined) throw refusalError(upgrade.refusal, path)
  const hasTerminal = terminal !== undefined
  return spdyChannels(upgrade.stream, {hasInput: stdin !== undefined || hasTerminal, hasTerminal}, listen)
}

interface Input {
  /** Rejects when the input cannot be read. */
  readonly failed: Promise<never>
  stop(): void
}

/** Sends what comes, no more than the server takes, and the sizes of the terminal. */
function sendInput(channels: Channels, {stdin, terminal}: PodExecOptions): Input {
  const failed = Promise.withResolvers<never>()
  failed.promise.catch(() => undefined)
  // A program may end without having read all: what is left is of no use to anybody.
  const quietly = (sent: Promise<void>) => sent.catch(() => undefined)
  const resize = ({columns, rows}: {readonly columns: number; readonly rows: number}) =>
    void quietly(channels.send('resize', Buffer.from(JSON.stringify({Width: columns, Height: rows}))))
  if (terminal !== undefined) resize(terminal.size)
  const stopSizes = terminal?.onResize(resize)
  if (stdin === undefined) return {failed: failed.promise, stop: () => stopSizes?.()}
  let isOver = false
  let sending: Promise<void> = Promise.resolve()
  const take = (data: Buffer | string) => {
    stdin.pause()
    sending = quietly(channels.send('stdin', Buffer.from(data))).then(() => {
      // Else an input without an end would keep the process alive.
      if (!isOver) stdin.resume()
    })
  }
  const forget = finished(stdin, {writable: false}, (error) => {
    if (error === undefined || error === null) void sending.then(() => quietly(channels.endInput()))
    else failed.reject(new OmniError('IO', `cannot read what is to be sent: ${reasonOf(error)}`, {cause: error}))
  })
  stdin.on('data', take)
  return {
    failed: failed.promise,
    stop() {
      isOver = true
      stopSizes?.()
      stdin.off('data', take)
      stdin.pause()
      forget()
    },
  }
}
