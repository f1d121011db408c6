import {dirname} from 'node:path'
import {
  ensurePrivateDir,
  isOmniError,
  type Logger,
  messageOf,
  OmniError,
  silentLogger,
  sleep,
  writeFileAtomic,
} from '@omni-cli/sdk'
import {packageVersion} from '../programs.ts'
import {socketPath} from '../socket-path.ts'
import {healthAnswer, listenersAnswer, statsAnswer} from './control/answers.ts'
import {type Channel, openChannel} from './control/channel.ts'
import type {EdgeCall} from './control/wire.ts'
import {tableFile} from './files.ts'
import {launchEdge} from './launch.ts'
import type {Edge, EdgeListener, EdgeTable} from './table.ts'

export interface EdgeOptions {
  readonly home: string
  readonly log?: Logger | undefined
  /** A process of another version is replaced. Default: that of this plugin. */
  readonly version?: string | undefined
}

/** The longest pause between two attempts to bring a dead edge process back. */
const MAX_REVIVE_PAUSE_MS = 5_000

/** The process answers within milliseconds; after this it hangs. */
const ANSWER_MS = 5_000

/**
 * The edge process of a home, as its control plane sees it. `apply` starts the process; from then on it is started again
 * when it dies, until `shutdown` or `close`. The other calls never start it: without it there is nothing under way, no
 * counter and no health.
 */
export function createEdge(options: EdgeOptions): Edge {
  return new EdgeClient(options)
}

class EdgeClient implements Edge {
  readonly #home: string
  readonly #log: Logger
  readonly #listeners = new Set<(address: string) => void>()
  #channel: Promise<Channel | undefined> | undefined
  readonly #version: string
  #applying: Promise<unknown> = Promise.resolve()
  #starting: Promise<Channel> | undefined
  /** The channel to a process that may stay. */
  #accepted: Channel | undefined
  /** The process shall run: a table was applied. */
  #isWanted = false

  constructor({home, log = silentLogger, version = packageVersion()}: EdgeOptions) {
    this.#home = home
    this.#log = log
    this.#version = version
  }

  apply(table: EdgeTable): Promise<EdgeListener[]> {
    const applied = this.#applying.then(async () => {
      // The file first: a process that starts right now begins with this table.
      await this.#store(table)
      this.#isWanted = true
      return listenersAnswer(await this.#applyToProcess(table))
    })
    this.#applying = applied.catch(() => undefined)
    return applied
  }

  async drained(address: string, timeoutMs: number): Promise<boolean> {
    return (await this.#ask({method: 'drained', address, timeoutMs}, timeoutMs + ANSWER_MS)) !== false
  }

  async stats() {
    return statsAnswer((await this.#ask({method: 'stats'})) ?? [])
  }

  async health() {
    const answer = await this.#ask({method: 'health'}).catch(() => undefined)
    return answer === undefined ? undefined : healthAnswer(answer)
  }

  onTargetFailure(listener: (address: string) => void): () => void {
    this.#listeners.add(listener)
    void this.#connection()
    return () => this.#listeners.delete(listener)
  }

  async shutdown(drainMs: number): Promise<void> {
    this.#isWanted = false
    const channel = await this.#connection()
    if (channel === undefined) return
    // A process that goes away before it answers is gone, too.
    const [outcome] = await Promise.allSettled([channel.call({method: 'shutdown', drainMs}, drainMs + ANSWER_MS)])
    if (outcome.status === 'rejected' && channel.isOpen) throw outcome.reason
    await channel.closed
  }

  close(): void {
    this.#isWanted = false
    this.#listeners.clear()
    void this.#channel?.then((channel) => channel?.close())
  }

  /** A full disk must not keep requests from their new targets. */
  async #store(table: EdgeTable): Promise<void> {
    try {
      await ensurePrivateDir(dirname(tableFile(this.#home)))
      await writeFileAtomic(tableFile(this.#home), JSON.stringify(table))
    } catch (error) {
      this.#log.debug('a restart of the edge proxy would serve an old table', {problem: messageOf(error)})
    }
  }

  /** A process that goes away meanwhile is replaced, once. */
  async #applyToProcess(table: EdgeTable): Promise<unknown> {
    const call: EdgeCall = {method: 'apply', table}
    try {
      return await (await this.#running()).call(call, ANSWER_MS)
    } catch (error) {
      if (!isOmniError(error) || !error.retryable) throw error
      return (await this.#running()).call(call, ANSWER_MS)
    }
  }

  /** The answer, or undefined when the process does not run. */
  async #ask(call: EdgeCall, timeoutMs = ANSWER_MS): Promise<unknown> {
    return (await this.#connection())?.call(call, timeoutMs)
  }

  /** The open channel, or a new one; undefined when nobody listens. Callers at the same time share it. */
  #connection(): Promise<Channel | undefined> {
    this.#channel ??= this.#open()
    return this.#channel
  }

  async #open(): Promise<Channel | undefined> {
    const channel = await openChannel(socketPath(this.#home, 'edge'), (event) => {
      if (event.event === 'shutdown') this.#isWanted = false
      else for (const listener of this.#listeners) listener(event.address)
    })
    if (channel === undefined) {
      this.#channel = undefined
      return undefined
    }
    void channel.closed.then(() => {
      this.#channel = undefined
      if (this.#isWanted) return this.#revive()
    })
    return channel
  }

  /** The channel to a process of our version; started, or replaced, when there is none. */
  async #running(): Promise<Channel> {
    const channel = await this.#connection()
    if (channel !== undefined && channel === this.#accepted) return channel
    this.#starting ??= this.#start(channel).finally(() => {
      this.#starting = undefined
    })
    return this.#starting
  }

  async #start(found: Channel | undefined): Promise<Channel> {
    const replaces = found === undefined ? undefined : await this.#outdated(found)
    if (found === undefined || replaces !== undefined) {
      this.#log.debug('starting the edge proxy', {home: this.#home, replaces})
      await launchEdge({home: this.#home, replaces, findPid: async () => (await this.health())?.pid})
    }
    // Whatever its version: one replacement is enough.
    this.#accepted = await this.#connection()
    if (this.#accepted === undefined) throw new OmniError('UNAVAILABLE', 'the edge proxy went away at once')
    return this.#accepted
  }

  /** The process at the other end when it is of another version, from before an upgrade. */
  async #outdated(channel: Channel): Promise<number | undefined> {
    const {pid, version} = healthAnswer(await channel.call({method: 'health'}, ANSWER_MS))
    return version === this.#version ? undefined : pid
  }

  /** The process died: it comes back with the table it had. */
  async #revive(): Promise<void> {
    for (let pauseMs = 50; this.#isWanted; pauseMs = Math.min(pauseMs * 2, MAX_REVIVE_PAUSE_MS)) {
      try {
        await this.#running()
        return
      } catch (error) {
        this.#log.debug('the edge proxy did not come back', {error: messageOf(error)})
        await sleep(pauseMs)
      }
    }
  }
}
