import {messageOf} from '../../errors.ts'
import {escapeTerminal} from '../../io/escape.ts'
import {formatDuration} from '../../units.ts'
import type {Progress, Step} from '../progress.ts'

/** What happens to a step; each display turns it into its own form. */
export interface StepSink {
  note(text: string): void
  end(outcome: 'done' | 'skipped' | 'failed', text: string | undefined, tookMs: number): void
}

/** A display from a function that opens steps: times them, ends each once, marks open ones as failed at the close. */
export function progressOf(open: (title: string) => StepSink, close: () => Promise<void> | void): Progress {
  const pending = new Set<Step>()
  const start = (title: string): Step => {
    const startedAt = performance.now()
    const sink = open(title)
    const end = (outcome: 'done' | 'skipped' | 'failed', text?: string | undefined) => {
      if (pending.delete(step)) sink.end(outcome, text, performance.now() - startedAt)
    }
    const step: Step = {
      note: (text) => {
        if (pending.has(step)) sink.note(text)
      },
      done: (text) => end('done', text),
      skip: (text) => end('skipped', text),
      fail: (text) => end('failed', text),
    }
    pending.add(step)
    return step
  }
  return {
    start,
    async step(title, work) {
      const step = start(title)
      try {
        const result = await work(step)
        step.done()
        return result
      } catch (error) {
        step.fail(messageOf(error))
        throw error
      }
    },
    async close() {
      for (const step of [...pending]) step.fail('not finished')
      await close()
    },
  }
}

/** `(3s): no image`. Of several lines the first: a step has one, and who asked for it tells all of the failure. */
export function tookText(tookMs: number, text: string | undefined): string {
  const [line = ''] = (text ?? '').split(/\r?\n/, 1)
  return `(${formatDuration(tookMs)})${line === '' ? '' : `: ${escapeTerminal(line)}`}`
}

/** A note is only worth a line of a log when the last one is this old. */
const NOTE_EVERY_MS = 1000

/** One line when a step starts, one when it ends; notes at most once a second. */
export const plainProgress = (write: (line: string) => void): Progress =>
  progressOf(
    (title) => {
      const head = `• ${escapeTerminal(title)} …`
      let notedAt = performance.now()
      let last = ''
      write(head)
      return {
        note(text) {
          if (text === last || performance.now() - notedAt < NOTE_EVERY_MS) return
          last = text
          notedAt = performance.now()
          write(`${head} ${escapeTerminal(text)}`)
        },
        end(outcome, text, tookMs) {
          write(`${head} ${outcome} ${tookText(tookMs, text)}`)
        },
      }
    },
    () => undefined,
  )

/** One JSON object a line: `{"step","status","note"}`; `status` is started, running, done, skipped or failed. */
export const jsonProgress = (write: (line: string) => void): Progress =>
  progressOf(
    (step) => {
      const line = (status: string, note?: string | undefined, ms?: number) =>
        write(JSON.stringify({step, status, ...(note === undefined ? {} : {note}), ...(ms === undefined ? {} : {ms})}))
      line('started')
      return {
        note: (text) => line('running', text),
        end: (outcome, text, tookMs) => line(outcome, text, Math.round(tookMs)),
      }
    },
    () => undefined,
  )

/** Shows nothing. */
export const silentProgress = (): Progress =>
  progressOf(
    () => ({note: () => undefined, end: () => undefined}),
    () => undefined,
  )
