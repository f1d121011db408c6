import {createConnection, type Socket} from 'node:net'
import {isOmniError, type Logger, OmniError, sleep} from '@omni-cli/sdk'
import {onLines, writeJsonLine} from '../../json-lines.ts'
import {packageVersion} from '../../programs.ts'
import type {RuntimeEvent} from '../runtime.ts'
import {startSupervisor} from './start-supervisor.ts'
import {type Fields, isFields, isInstance, MAX_LINE_CHARACTERS, PROTOCOL, parseFields, type Request} from './wire.ts'

const CONNECT_TIMEOUT_MS = 15_000
const CONNECT_EVERY_MS = 10
/** One that we started and that does not answer may have met the last moment of its predecessor: start again. */
const START_EVERY_MS = 500
const HELLO_MS = 1000
const ATTEMPTS = 3

interface Pending {
  readonly resolve: (result: unknown) => void
  readonly reject: (error: OmniError) => void
}

interface Connection {
  readonly socket: Socket
  readonly pending: Map<number, Pending>
}

export interface SupervisorClientOptions {
  readonly home: string
  readonly socketPath: string
  readonly log: Logger
  readonly onEvent: (event: RuntimeEvent) => void
  /** Default: that of this plugin. */
  readonly version?: string | undefined
}

/**
 * Speaks with the supervisor of the home; starts it when it does not run. After the connection was lost it connects again
 * (so that a supervisor which was killed comes back at once) and tells `resync`.
 */
export class SupervisorClient {
  readonly #options: SupervisorClientOptions
  #connection: Promise<Connection> | undefined
  #isClosed = false
  /** Once is enough, whatever comes up instead. */
  #hasReplaced = false
  #seq = 0

  constructor(options: SupervisorClientOptions) {
    this.#options = options
  }

  /** Asks again when the connection is lost: every request is safe to repeat. UNAVAILABLE when nobody answers in time. */
  async request(request: Request, timeoutMs: number): Promise<unknown> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#ask(await this.#connect(), request, timeoutMs)
      } catch (error) {
        const isLost = isOmniError(error) && error.code === 'UNAVAILABLE' && error.retryable
        if (!isLost || this.#isClosed || attempt >= ATTEMPTS) throw error
      }
    }
  }

  /** Connects if that has not been done. */
  async connect(): Promise<void> {
    await this.#connect()
  }

  /** A supervisor that holds nothing ends with its last caller. */
  async close(): Promise<void> {
    this.#isClosed = true
    const connection = await this.#connection?.catch(() => undefined)
    if (connection === undefined) return
    await this.#ask(connection, {op: 'leave'}, HELLO_MS).catch(() => undefined)
    connection.socket.destroy()
  }

  #connect(): Promise<Connection> {
    if (this.#isClosed) throw new OmniError('UNAVAILABLE', 'the runtime is closed')
    this.#connection ??= this.#open().catch((error) => {
      this.#connection = undefined
      throw error
    })
    return this.#connection
  }

  async #open(): Promise<Connection> {
    const {home, socketPath, log} = this.#options
    const deadline = performance.now() + CONNECT_TIMEOUT_MS
    for (let startedAt = Number.NEGATIVE_INFINITY; ; ) {
      const connection = await this.#tryOpen(socketPath)
      if (connection !== undefined) return connection
      if (this.#isClosed || performance.now() > deadline) {
        throw new OmniError('UNAVAILABLE', 'the supervisor of processes does not answer', {
          hint: 'omni doctor',
          details: {socket: socketPath},
        })
      }
      if (performance.now() - startedAt > START_EVERY_MS) {
        log.debug('starting the supervisor', {home})
        startSupervisor(home, socketPath)
        startedAt = performance.now()
      }
      await sleep(CONNECT_EVERY_MS)
    }
  }

  /** Undefined when nobody listens, or somebody of another version, who is asked to make room. */
  async #tryOpen(path: string): Promise<Connection | undefined> {
    const socket = createConnection(path)
    const connection: Connection = {socket, pending: new Map()}
    const {promise, resolve} = Promise.withResolvers<Connection | undefined>()
    let isReady = false
    socket.on('error', () => socket.destroy())
    socket.once('close', () => {
      if (isReady) this.#lost(connection)
      resolve(undefined)
    })
    onLines(socket, MAX_LINE_CHARACTERS, (line) => {
      const fields = parseFields(line)
      if (fields?.event === 'hello' && this.#mayStay(fields)) {
        isReady = true
        resolve(connection)
      } else if (fields?.event === 'hello') writeJsonLine(socket, {seq: 0, op: 'quit'})
      else if (fields !== undefined) this.#receive(connection, fields)
    })
    const hello = setTimeout(() => socket.destroy(), HELLO_MS)
    return await promise.finally(() => clearTimeout(hello))
  }

  /** A supervisor from before an upgrade goes on while something runs: only it will see how that ends. */
  #mayStay({protocol, version, isIdle}: Fields): boolean {
    if (protocol !== PROTOCOL) return false
    const {version: own = packageVersion(), log} = this.#options
    if (version === own || this.#hasReplaced) return true
    if (isIdle !== true) log.debug('the supervisor is of another version until its services have ended', {version, own})
    else this.#hasReplaced = true
    return isIdle !== true
  }

  #ask({socket, pending}: Connection, request: Request, timeoutMs: number): Promise<unknown> {
    const seq = ++this.#seq
    const {promise, resolve, reject} = Promise.withResolvers<unknown>()
    const late = setTimeout(() => {
      const message = `the supervisor of processes did not answer '${request.op}' in time`
      reject(new OmniError('UNAVAILABLE', message, {hint: 'omni doctor'}))
    }, timeoutMs)
    pending.set(seq, {resolve, reject})
    if (socket.destroyed) reject(connectionLost())
    else writeJsonLine(socket, {seq, ...request})
    return promise.finally(() => {
      clearTimeout(late)
      pending.delete(seq)
    })
  }

  #receive({pending}: Connection, fields: Fields): void {
    if (fields.event === 'exited' && isInstance(fields.instance)) {
      this.#options.onEvent({type: 'exited', instance: fields.instance})
      return
    }
    const waiting = typeof fields.seq === 'number' ? pending.get(fields.seq) : undefined
    if (fields.ok === true) waiting?.resolve(fields.result)
    else waiting?.reject(toOmniError(fields.error))
  }

  #lost({pending}: Connection): void {
    this.#connection = undefined
    for (const {reject} of pending.values()) reject(connectionLost())
    if (!this.#isClosed) void this.#comeBack()
  }

  async #comeBack(): Promise<void> {
    while (!this.#isClosed) {
      try {
        await this.#connect()
        this.#options.onEvent({type: 'resync'})
        return
      } catch (error) {
        this.#options.log.debug('the supervisor does not come back', {error: String(error)})
        await sleep(HELLO_MS)
      }
    }
  }
}

const connectionLost = (): OmniError =>
  new OmniError('UNAVAILABLE', 'the supervisor of processes went away', {hint: 'omni doctor', retryable: true})

const CODES = ['DEPLOY_FAILED', 'CONFLICT', 'NOT_FOUND', 'USAGE', 'IO'] as const

function toOmniError(error: unknown): OmniError {
  const fields = isFields(error) ? error : {}
  const code = CODES.find((known) => known === fields.code) ?? 'IO'
  return new OmniError(code, typeof fields.message === 'string' ? fields.message : 'the supervisor failed', {
    details: fields.details,
  })
}
