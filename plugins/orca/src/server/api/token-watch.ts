import type {TokenStore} from '../store/tokens.ts'

const CHECK_MS = 3_000

/** A request, or the socket of one that has become something else. */
export interface Connection {
  destroy(): unknown
}

export interface TokenWatch {
  /** The connection is cut within seconds when the token is revoked or expires while the request is under way. */
  add(tokenId: string, connection: Connection): void
  remove(connection: Connection): void
  /** Looks now. */
  check(): void
}

/** Requests under way by token: an answer without end must not outlive the right to it. */
export function createTokenWatch(tokens: Pick<TokenStore, 'isLive'>): TokenWatch {
  const open = new Map<Connection, string>()
  let timer: NodeJS.Timeout | undefined
  const check = () => {
    const isLive = new Map([...new Set(open.values())].map((id) => [id, tokens.isLive(id)]))
    for (const [connection, id] of open) if (isLive.get(id) === false) connection.destroy()
  }
  return {
    check,
    add(tokenId, connection) {
      open.set(connection, tokenId)
      timer ??= setInterval(check, CHECK_MS).unref()
    },
    remove(connection) {
      open.delete(connection)
      if (open.size > 0) return
      clearInterval(timer)
      timer = undefined
    },
  }
}
