import {relative} from 'node:path'
import type {Place} from './node.ts'

/** Something about a compose file that a person should know: what is left out, changed, or may be a mistake. */
export interface Note extends Place {
  readonly message: string
}

export interface Notes {
  add(place: Place, message: string): void
  /** In the order of their places, each once. */
  list(): Note[]
}

export function createNotes(folder: string): Notes {
  const found = new Map<string, Note>()
  return {
    add({file, line, column}, message) {
      const shown = relative(folder, file)
      const note = {file: shown.startsWith('..') ? file : shown, line, column, message}
      found.set(JSON.stringify(note), note)
    },
    list: () =>
      [...found.values()].sort(
        (a, b) => Number(a.file > b.file) - Number(a.file < b.file) || a.line - b.line || a.column - b.column,
      ),
  }
}
