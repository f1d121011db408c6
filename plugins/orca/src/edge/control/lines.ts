import type {Socket} from 'node:net'

/** A table with thousands of services stays far below this. */
const MAX_LINE_CHARACTERS = 64 * 1024 * 1024

/** Calls back with each JSON line; what is no JSON, or too long, ends the connection. */
export function onJsonLines(socket: Socket, onValue: (value: unknown) => void): void {
  let rest = ''
  socket.setEncoding('utf8')
  socket.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    if (rest.length > MAX_LINE_CHARACTERS) socket.destroy()
    for (const line of lines) {
      const value = parseJson(line)
      if (value === undefined) socket.destroy()
      else onValue(value)
    }
  })
}

export const writeJsonLine = (socket: Socket, value: unknown): void => {
  socket.write(`${JSON.stringify(value)}\n`)
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
