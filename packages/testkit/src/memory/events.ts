import type {EventFacet, OmniEvent} from '@omni-cli/sdk'

export interface EventLog {
  readonly facet: EventFacet
  add(ref: string, type: string): void
}

/** Events that are kept, and told to those who follow. */
export function createEventLog(): EventLog {
  const events: OmniEvent[] = []
  const waiting = new Set<() => void>()
  return {
    add(ref, type) {
      const message = `${ref} ${type}`
      events.push({id: events.length + 1, time: new Date().toISOString(), ref, type, message})
      for (const wake of waiting) wake()
      waiting.clear()
    },
    facet: {
      async *read({since, follow = false, ref, signal} = {}) {
        // Who follows without an id wants what comes from now on.
        let next = since ?? (follow ? events.length : 0)
        while (signal?.aborted !== true) {
          for (; next < events.length; next++) {
            const event = events[next]
            if (event !== undefined && (ref === undefined || event.ref === ref)) yield event
          }
          if (!follow) return
          await new Promise<void>((resolve) => {
            waiting.add(resolve)
            signal?.addEventListener('abort', () => resolve(), {once: true})
          })
        }
      },
    },
  }
}
