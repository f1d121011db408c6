import {once} from 'node:events'
import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {type ConnectionOptions, connect, type TLSSocket} from 'node:tls'
import type {EdgeCertificate, EdgeListener, EdgeService} from '../../../src/edge/table.ts'
import {selfSigned, writePair} from '../../tls/certificates.ts'
import {RawClient} from './raw-client.ts'
import {lastGet, type Scope, type TestEdge, table} from './scope.ts'

/** A folder for certificates, which goes with the test. */
export function pemFolder(scope: Scope): string {
  const folder = mkdtempSync(join(tmpdir(), 'edge-tls-'))
  scope.add(() => rmSync(folder, {recursive: true, force: true}))
  return folder
}

/** A row of the table with files of its own. */
export const certificate = (
  folder: string,
  hosts: readonly string[],
  more: Partial<EdgeCertificate> = {},
): EdgeCertificate => ({
  hosts,
  ...writePair(folder, hosts[0]?.replace('*', 'any') ?? '', selfSigned(hosts)),
  revision: '1',
  isRedirected: false,
  ...more,
})

export const serve = (
  edge: TestEdge,
  certificates: readonly EdgeCertificate[],
  ...services: readonly EdgeService[]
): Promise<EdgeListener[]> =>
  edge.applyTable({...table(...services), https: {bind: '127.0.0.1', port: 0}, certificates})

/** A TLS connection that trusts whatever it gets; without a name it says none. */
export async function dial(scope: Scope, edge: TestEdge, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const settings = {port: edge.securePort, host: '127.0.0.1', rejectUnauthorized: false, allowHalfOpen: true}
  const socket = connect({...settings, ...options})
  scope.add(() => socket.destroy())
  await once(socket, 'secureConnect')
  return socket
}

/** The same for `web.test`, to talk. */
export const dialWeb = async (scope: Scope, edge: TestEdge, options: ConnectionOptions = {}): Promise<RawClient> =>
  new RawClient(await dial(scope, edge, {servername: 'web.test', ...options}))

/** One request to `web.test`, and all that came back. */
export async function askSecurely(scope: Scope, edge: TestEdge, request = lastGet()): Promise<string> {
  const client = await dialWeb(scope, edge)
  client.write(request)
  return client.readToEnd()
}
