import {once} from 'node:events'
import {existsSync} from 'node:fs'
import type {Server} from 'node:net'

const LOOK_EVERY_MS = 1_000

/**
 * Listens on a Unix socket, 0600 from its first moment; the path must be free. Cleaners of temp folders delete sockets:
 * one that has gone is made anew, so that a running program can always be reached. Returns what ends that, and closes.
 */
export async function listenPrivately(server: Server, path: string): Promise<() => void> {
  bindPrivately(server, path)
  await once(server, 'listening')
  // Its folder may be gone, too; the next look tries again.
  server.on('error', () => undefined)
  const look = setInterval(() => {
    if (existsSync(path)) return
    server.close()
    bindPrivately(server, path)
  }, LOOK_EVERY_MS).unref()
  return () => {
    clearInterval(look)
    server.close()
  }
}

/** Begins to listen, with mode 0600: a chmod afterwards would leave the socket open to others for a moment. */
export function bindPrivately(server: Server, path: string): void {
  const umask = process.umask(0o177)
  try {
    server.listen(path)
  } finally {
    process.umask(umask)
  }
}
