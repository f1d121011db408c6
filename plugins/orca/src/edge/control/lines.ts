import type {Socket} from 'node:net'
import {onLines} from '../../json-lines.ts'

/** A table with thousands of services stays far below this. */
const MAX_LINE_CHARACTERS = 64 * 1024 * 1024

/** Calls back with each JSON line; what is no JSON, or too long, ends the connection. */
export function onJsonLines(socket: Socket, onValue: (value: unknown) => void): void {
  onLines(socket, MAX_LINE_CHARACTERS, (line) => {
    const value = parseJson(line)
    if (value === undefined) socket.destroy()
    else onValue(value)
  })
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
