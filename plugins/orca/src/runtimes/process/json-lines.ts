import type {Socket} from 'node:net'

const LINE_LIMIT = 16 * 1024 * 1024

/** Calls back for each line of the socket; a peer that sends an endless one is cut off. */
export function onLines(socket: Socket, callback: (line: string) => void): void {
  let carry = ''
  socket.setEncoding('utf8')
  socket.on('data', (chunk: string) => {
    const lines = (carry + chunk).split('\n')
    carry = lines.pop() ?? ''
    if (carry.length > LINE_LIMIT) socket.destroy()
    for (const line of lines) callback(line)
  })
}

export const sendLine = (socket: Socket, value: unknown): boolean => socket.write(`${JSON.stringify(value)}\n`)
