import type {IncomingMessage, ServerResponse} from 'node:http'
import {setTimeout as delay} from 'node:timers/promises'
import {ok, type Scope, web} from './scope.ts'

/** An edge before one backend. */
export async function edgeBefore(scope: Scope, address: string) {
  const edge = scope.edge()
  await edge.apply(web([address]))
  return edge
}

/** An edge before a backend that answers with the head it got. */
export async function mirror(scope: Scope) {
  const address = await scope.rawBackend((socket) => {
    socket.setEncoding('latin1')
    socket.on('data', (text) => socket.write(ok(String(text)), 'latin1'))
  })
  return edgeBefore(scope, address)
}

export const edgeBeforeHttp = async (
  scope: Scope,
  listener: (request: IncomingMessage, response: ServerResponse) => void,
) => edgeBefore(scope, await scope.httpBackend(listener))

/** An edge before a backend that gives these bytes, part by part, to every request. */
export const edgeBeforeAnswer = async (scope: Scope, ...parts: readonly string[]) =>
  edgeBefore(
    scope,
    await scope.rawBackend((socket) =>
      socket.on('data', async () => {
        for (const part of parts) {
          socket.write(part, 'latin1')
          if (parts.length > 1) await delay(2)
        }
      }),
    ),
  )
