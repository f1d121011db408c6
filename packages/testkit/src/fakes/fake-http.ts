import {createServer, type RequestListener} from 'node:http'
import type {AddressInfo} from 'node:net'

export interface FakeHttpServer extends AsyncDisposable {
  readonly url: string
}

/** A real HTTP server on a loopback port that answers as the listener says. Use it with `await using`. */
export async function startFakeHttp(listener: RequestListener): Promise<FakeHttpServer> {
  const server = createServer(listener)
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve))
  const {port} = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
