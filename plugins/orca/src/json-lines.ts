import type {Socket} from 'node:net'

/** Calls back for each line of the socket; a peer whose line is longer than the limit is cut off. */
export function onLines(socket: Socket, maxCharacters: number, callback: (line: string) => void): void {
  let rest = ''
  socket.setEncoding('utf8')
  socket.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    if (rest.length > maxCharacters) socket.destroy()
    for (const line of lines) callback(line)
  })
}

/** False when the peer is slower than we are (see `Writable.write`). */
export const writeJsonLine = (socket: Socket, value: unknown): boolean => socket.write(`${JSON.stringify(value)}\n`)
