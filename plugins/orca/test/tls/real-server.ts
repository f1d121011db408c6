import {once} from 'node:events'
import {createServer} from 'node:net'
import {connect} from 'node:tls'
import {type ServiceInput, serviceSpec} from '@omni-cli/sdk'
import {createEdge} from '../../src/edge/client.ts'
import {type ControlOptions, createControl, type RunningControl} from '../../src/server/create-control.ts'
import {addressOf, lastGet, type Scope} from '../edge/support/scope.ts'
import {openTestHome} from '../runtimes/test-home.ts'
import {alice} from '../server/harness.ts'

const SERVER = `
require('node:http').createServer(({headers}, response) => response.end('<' + headers['x-forwarded-proto'] + '>')).listen(process.env.PORT, '127.0.0.1')
`

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const port = Number(addressOf(server).split(':')[1])
  server.close()
  await once(server, 'close')
  return port
}

/** Control plane, proxy and processes as they are in use. */
export async function openServer(scope: Scope, options: Partial<ControlOptions>): Promise<RunningControl> {
  const at = openTestHome()
  scope.add(() => at.close())
  const edge = createEdge({home: at.home})
  scope.add(async () => {
    await edge.shutdown(100)
    edge.close()
  })
  const control = await createControl({home: at.home, runtime: at.runtime, edge, clusterName: 'tls', ...options})
  scope.add(() => control.close())
  return control
}

export async function deployWeb(control: RunningControl, change: Partial<ServiceInput>): Promise<void> {
  const command = [process.execPath, '-e', SERVER]
  const spec = serviceSpec.parse({name: 'web', command, port: 3000, stop_grace_secs: 2, ...change})
  const {errors} = await control.deploy([spec], {actor: alice, reason: 'test'})
  if (errors.length > 0) throw new Error(JSON.stringify(errors))
}

/** An answer over TLS from this machine, whoever the name belongs to; checked against the authority. */
export async function fetchAs(host: string, port: number, ca: string): Promise<string> {
  const socket = connect({host: '127.0.0.1', port, servername: host, ca})
  await once(socket, 'secureConnect')
  socket.end(lastGet().replace('web.test', host))
  let text = ''
  for await (const chunk of socket) text += String(chunk)
  return text
}
