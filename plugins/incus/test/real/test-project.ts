import {randomBytes} from 'node:crypto'
import {createHttp, type DriverContext, silentLogger} from '@omni-cli/sdk'
import {z} from 'zod'
import type {IncusClient} from '../../src/client/client.ts'
import {openClient} from '../../src/client/open-client.ts'
import type {IncusSettings} from '../../src/config.ts'

/** The daemon that tests may use; undefined: those that need it are left out. */
export const socket = process.env.OMNI_TEST_INCUS_SOCKET

/** What the driver is given, with an environment of its own. */
export function testContext(env: DriverContext['env'], home = '/nonexistent'): DriverContext {
  return {
    home,
    env,
    context: 'test',
    namespace: undefined,
    http: createHttp({log: silentLogger, baseMs: 1}),
    exec: () => Promise.reject(new Error('no program is run here')),
    log: silentLogger,
    notice: () => undefined,
  } as unknown as DriverContext
}

export interface TestProject {
  readonly name: string
  readonly client: IncusClient
  /** A running machine of busybox. */
  launch(name: string): Promise<string>
  open(settings?: IncusSettings): Promise<IncusClient>
  remove(): Promise<void>
}

/** A project of its own on the daemon, with a disk by its default profile. There is no network, on which names are shared by all. */
export async function createTestProject(): Promise<TestProject> {
  const name = `omni-client-${randomBytes(4).toString('hex')}`
  const root = await openClient(testContext({INCUS_SOCKET: socket}), {})
  const config = {'features.images': 'false', 'features.networks': 'false', 'features.profiles': 'true'}
  await root.send({method: 'POST', path: '/projects', json: {name, config}})
  const open = (settings: IncusSettings = {}) =>
    openClient(testContext({INCUS_SOCKET: socket}), {project: name, ...settings})
  const client = await open()
  const devices = {root: {type: 'disk', path: '/', pool: 'default'}}
  await client.send({method: 'PUT', path: '/profiles/default', json: {config: {}, devices}})
  return {
    name,
    client,
    open,
    async launch(machine) {
      const source = {type: 'image', alias: 'omni-test/busybox'}
      const json = {name: machine, type: 'container', start: true, source}
      await client.operate({method: 'POST', path: '/instances', json})
      return machine
    },
    async remove() {
      const {value} = await client.fetch(z.array(z.string()), {method: 'GET', path: '/instances'})
      await Promise.all(value.map((url) => removeMachine(client, url.replace(/\?.*$/, ''))))
      client.close()
      await root.send({method: 'DELETE', path: `/projects/${name}`})
      root.close()
    },
  }
}

async function removeMachine(client: IncusClient, path: string): Promise<void> {
  await client
    .operate({method: 'PUT', path: `${path}/state`, json: {action: 'stop', force: true}})
    .catch(() => undefined)
  await client.operate({method: 'DELETE', path})
}
