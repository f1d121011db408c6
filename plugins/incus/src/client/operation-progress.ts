import {escapeTerminal} from '@omni-cli/sdk'
import type {Listener} from './operation-events.ts'
import type {Operation} from './wire.ts'

/** More notes in a second are of no use to a person. */
const EVERY_MS = 500

/** A listener that passes on what an operation says of its progress, at most twice a second and nothing twice. */
export function progressTo(onProgress: ((note: string) => void) | undefined, now = Date.now): Listener {
  if (onProgress === undefined) return () => undefined
  let last = {note: '', time: Number.NEGATIVE_INFINITY}
  return (operation) => {
    const note = progressOf(operation)
    if (note === undefined || note === last.note || now() - last.time < EVERY_MS) return
    last = {note, time: now()}
    onProgress(note)
  }
}

/** `Unpacking image: 42% (23.31MB/s)`, which stands under a key of its own for each act. */
export function progressOf({metadata}: Operation): string | undefined {
  for (const [key, value] of Object.entries(metadata)) {
    if (key.endsWith('_progress') && typeof value === 'string' && value !== '') return escapeTerminal(value)
  }
  return undefined
}
