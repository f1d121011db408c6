import {connect, createServer, type Socket} from 'node:net'

/** A socket in front of the daemon whose connections can be cut. */
export interface CuttingProxy {
  readonly path: string
  /** Connections that are websockets now. */
  upgraded(): number
  /** Cuts those that are websockets, or all. */
  cut(which: 'websockets' | 'all'): void
  close(): Promise<void>
}

export async function startCuttingProxy(path: string, target: string): Promise<CuttingProxy> {
  const open = new Map<Socket, {isUpgraded: boolean}>()
  const server = createServer((client) => {
    const state = {isUpgraded: false}
    open.set(client, state)
    const daemon = connect(target)
    client.once('data', (chunk) => {
      state.isUpgraded = /^upgrade: /im.test(chunk.toString('latin1'))
    })
    client.pipe(daemon).pipe(client)
    const end = () => {
      open.delete(client)
      client.destroy()
      daemon.destroy()
    }
    for (const socket of [client, daemon]) socket.on('error', end).on('close', end)
  })
  await new Promise<void>((resolve) => server.listen(path, resolve))
  const websockets = () => [...open].filter(([, {isUpgraded}]) => isUpgraded).map(([client]) => client)
  return {
    path,
    upgraded: () => websockets().length,
    cut(which) {
      for (const client of which === 'all' ? [...open.keys()] : websockets()) client.destroy()
    },
    close: () =>
      new Promise((resolve) => {
        for (const client of open.keys()) client.destroy()
        server.close(() => resolve())
      }),
  }
}
