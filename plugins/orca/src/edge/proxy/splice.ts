import type {Socket} from 'node:net'

/**
 * Joins two sockets byte by byte, both ways, with back-pressure; the end of one side is passed on, an error of one breaks the other.
 * Both must allow half-open connections. `onClosed` is called once, when both are closed.
 */
export function splice(a: Socket, b: Socket, onClosed: () => void): void {
  let open = 2
  const closed = () => {
    if (--open === 0) onClosed()
  }
  forward(a, b)
  forward(b, a)
  a.on('close', closed)
  b.on('close', closed)
}

function forward(from: Socket, to: Socket): void {
  from.on('data', (chunk: Buffer) => {
    if (!to.write(chunk)) from.pause()
  })
  to.on('drain', () => from.resume())
  from.on('end', () => to.end())
  from.on('close', (hadError) => {
    if (hadError || !from.readableEnded) to.destroy()
  })
  from.resume()
}
