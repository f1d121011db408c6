import {randomBytes} from 'node:crypto'
import {mkdtemp, rm} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {
  type InstanceInput,
  type InstanceProvider,
  type InstanceSpec,
  instanceSpec,
  mapLimit,
  retry,
} from '@omni-cli/sdk'
import {z} from 'zod'
import type {IncusClient} from '../../src/client/client.ts'
import {openClient} from '../../src/client/open-client.ts'
import {createIncus} from '../../src/provider/incus.ts'
import {socket, testContext} from './test-project.ts'

export {socket} from './test-project.ts'

/** A network of its own: names of machines are unique in one, whatever their projects. */
export interface TestNetwork {
  readonly name: string
  /** First three numbers of its addresses: `10.200.7`. */
  readonly prefix: string
  remove(): Promise<void>
}

const open = (project?: string) => openClient(testContext({INCUS_SOCKET: socket}), {project})

export async function createTestNetwork(): Promise<TestNetwork> {
  const client = await open()
  const random = randomBytes(4)
  const name = `om${random.toString('hex')}`
  const prefix = `10.${128 + ((random[0] ?? 0) % 100)}.${random[1]}`
  const config = {'ipv4.address': `${prefix}.1/24`, 'ipv4.nat': 'false', 'ipv6.address': 'none'}
  // Incus stumbles over interfaces that other machines lose at the same moment.
  const often = <T>(work: () => Promise<T>) => retry({attempts: 15, baseMs: 50, maxMs: 1_000, when: () => true}, work)
  await often(() => client.send({method: 'POST', path: '/networks', json: {name, type: 'bridge', config}}))
  return {name, prefix, remove: () => often(() => client.send({method: 'DELETE', path: `/networks/${name}`}))}
}

export interface Machines {
  /** Home of omni for these machines. */
  readonly home: string
  readonly provider: InstanceProvider
  readonly client: IncusClient
  spec(name: string, fields?: Partial<InstanceInput>): InstanceSpec
  remove(): Promise<void>
}

/** A project of its own whose machines are on that network. */
export async function createMachines(network: TestNetwork): Promise<Machines> {
  const root = await open()
  const project = `omni-core-${randomBytes(4).toString('hex')}`
  const config = {'features.images': 'false', 'features.networks': 'false', 'features.profiles': 'true'}
  await root.send({method: 'POST', path: '/projects', json: {name: project, config}})
  const client = await open(project)
  const devices = {
    root: {type: 'disk', path: '/', pool: 'default'},
    eth0: {type: 'nic', name: 'eth0', network: network.name},
  }
  await client.send({method: 'PUT', path: '/profiles/default', json: {config: {}, devices}})
  const settings = {project}
  const home = await mkdtemp(join(tmpdir(), `${project}-`))
  const context = testContext({INCUS_SOCKET: socket, HOME: '/nonexistent', PATH: process.env.PATH}, home)
  const provider = createIncus(client, {context, settings})
  return {
    home,
    client,
    provider,
    spec: (name, fields) => instanceSpec.parse({name, image: 'omni-test/busybox', ...fields}),
    async remove() {
      const {value} = await client.fetch(z.array(z.string()), {method: 'GET', path: '/instances'})
      await mapLimit(value, 4, (path) => removeMachine({provider, client}, path.replace(/\?.*$/, '')))
      const profiles = await client.fetch(z.array(z.object({name: z.string()})), {
        method: 'GET',
        path: '/profiles',
        query: {recursion: '1'},
      })
      for (const {name} of profiles.value) {
        if (name !== 'default') await client.send({method: 'DELETE', path: `/profiles/${name}`})
      }
      client.close()
      await root.send({method: 'DELETE', path: `/projects/${project}`})
      root.close()
      await rm(home, {recursive: true, force: true})
    },
  }
}

async function removeMachine({provider, client}: Pick<Machines, 'provider' | 'client'>, path: string): Promise<void> {
  const off = {config: {'security.protection.delete': ''}}
  await client.send({method: 'PATCH', path, json: off}).catch(() => undefined)
  await provider.remove(path.split('/').at(-1) ?? '')
}
