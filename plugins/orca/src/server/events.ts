import {EventEmitter, once} from 'node:events'
import {type Logger, messageOf, type OmniEvent} from '@omni-cli/sdk'
import type {Actor} from './control.ts'
import type {EventStore} from './store/events.ts'

export interface NewEvent {
  readonly service: string
  readonly type: string
  readonly message: string
  readonly details?: Readonly<Record<string, unknown>> | undefined
  readonly actor?: Actor | undefined
}

export interface ReadEvents {
  readonly since?: number | undefined
  readonly follow?: boolean | undefined
  readonly ref?: string | undefined
  readonly signal?: AbortSignal | undefined
}

export interface EventLog {
  add(event: NewEvent): void
  /** Ends when all are read; with `follow` when the signal is aborted or the log is closed. */
  read(options: ReadEvents): AsyncIterable<OmniEvent>
  close(): void
}

const PAGE = 500

/** Readers take pages from the store and are only woken by new events: none is lost, none is kept in memory. */
export function createEventLog(store: EventStore, log: Logger): EventLog {
  const news = new EventEmitter().setMaxListeners(0)
  const closing = new AbortController()

  return {
    add({service, type, message, details, actor}) {
      // Late callbacks of the runtime may come after the store is closed.
      if (closing.signal.aborted) return
      const facts = actor === undefined ? details : {...details, actor: actor.name}
      try {
        store.add({ref: `service/${service}`, type, message, details: facts})
      } catch (error) {
        // A full disk must not stop what the event tells of.
        log.debug('event not kept', {type, service, problem: messageOf(error)})
      }
      news.emit('event')
    },
    async *read({since = 0, follow = false, ref, signal}) {
      const ended = signal === undefined ? closing.signal : AbortSignal.any([signal, closing.signal])
      let last = since
      while (!ended.aborted) {
        const page = store.after(last, ref, PAGE)
        for (const event of page) {
          if (ended.aborted) return
          last = event.id
          yield event
        }
        if (page.length === PAGE) continue
        if (!follow) return
        if (store.after(last, ref, 1).length === 0) await once(news, 'event', {signal: ended}).catch(() => undefined)
      }
    },
    close: () => closing.abort(),
  }
}
