/** A backend that costs next to nothing: every read is one request, every answer the same 100 bytes. Prints its port. */
import {createServer} from 'node:net'

const body = 'x'.repeat(100)
const answer = `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\n\r\n${body}`

const server = createServer({noDelay: true}, (socket) => {
  socket.on('data', () => socket.write(answer, 'latin1'))
  socket.on('error', () => socket.destroy())
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  process.stdout.write(`${typeof address === 'object' ? address?.port : ''}\n`)
})
