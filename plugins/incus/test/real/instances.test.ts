import {mkdtemp, rm} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {poll} from '@omni-cli/sdk'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {z} from 'zod'
import type {IncusClient, IncusRequest} from '../../src/client/client.ts'
import {openClient} from '../../src/client/open-client.ts'
import {createIncus} from '../../src/provider/incus.ts'
import {createMachines, createTestNetwork, type Machines, socket, type TestNetwork} from './machines.ts'
import {testContext} from './test-project.ts'

let network: TestNetwork
let machines: Machines
let folder: string

beforeAll(async () => {
  if (socket === undefined) return
  network = await createTestNetwork()
  machines = await createMachines(network)
  folder = await mkdtemp(join(tmpdir(), 'omni-incus-'))
})
afterAll(async () => {
  await machines?.remove()
  await network?.remove()
  if (folder !== undefined) await rm(folder, {recursive: true, force: true})
})

describe.skipIf(socket === undefined)('machines on Incus', () => {
  it('come back as their spec says, field by field', async () => {
    const {provider, client, spec} = machines
    await client.send({method: 'POST', path: '/profiles', json: {name: 'small', config: {'limits.processes': '90'}}})
    const wanted = spec('whole', {
      image: 'omni-test/cloud',
      cpus: 1,
      memory: '96MiB',
      metadata: {'omni.plan': 'demo', note: `it's "a" \n b`, empty: '', 'user-data': 'a label'},
      network: {ipv4: `${network.prefix}.77`, mac: '00:16:3e:aa:bb:01'},
      ports: [
        {listen: 1, target: 80, host_ip: '127.0.0.44'},
        {listen: 2, target: 80, host_ip: '127.0.0.44', protocol: 'udp'},
      ],
      mounts: [{source: folder, target: '/mnt/here', readonly: true}],
      cloud_init: {runcmd: ['echo map > /tmp/map']},
      profiles: ['default', 'small'],
      config: {'environment.COLOUR': 'blue', 'user.mine': 'x'},
      devices: {null2: {type: 'unix-char', source: '/dev/null', path: '/dev/null2'}},
      autostart: false,
      protect: false,
    })
    const made = await provider.create(wanted)
    const {cpus, memory, metadata, name: _, image, type, wait: __, ...rest} = wanted
    expect(made).toMatchObject({status: 'running', image, type, cpus, memoryBytes: memory, labels: metadata})
    expect(made.settings).toMatchObject(rest)
    for (const brief of [false, true]) {
      const listed = (await provider.list({brief})).find(({name}) => name === 'whole')
      expect(listed).toMatchObject({status: 'running', image, type, labels: metadata, settings: made.settings})
    }
    const address = () => provider.get('whole').then((found) => found?.addresses[0])
    expect(await poll({everyMs: 100, timeoutMs: 20_000}, address)).toBe(`${network.prefix}.77`)
    expect(await provider.get('whole')).toMatchObject({agent: true, isReady: false, snapshotCount: 0})
  })

  it('show nothing that nobody wrote', async () => {
    const {provider, spec} = machines
    const {settings, labels} = await provider.create(spec('plain'))
    expect(JSON.parse(JSON.stringify(settings))).toEqual({})
    expect(labels).toEqual({})
    expect((await provider.get('plain'))?.memoryUsedBytes).toBeGreaterThan(0)
  })

  it('are known by their whole names, in one request and in their project alone', async () => {
    const {provider, spec} = machines
    await provider.create(spec('worker-10', {metadata: {role: 'worker'}}))
    expect(await provider.get('worker-1')).toBeUndefined()
    expect((await provider.list({labels: {role: 'worker'}})).map(({name}) => name)).toEqual(['worker-10'])
    expect((await provider.list({project: 'default'})).map(({name}) => name)).not.toContain('worker-10')
  })
})

describe.skipIf(socket === undefined)('requests to Incus', () => {
  const counted = () => {
    const asked: string[] = []
    const {client, home} = machines
    const note = (request: IncusRequest) => asked.push(`${request.method} ${request.path}`)
    const counting: IncusClient = {
      ...client,
      fetch: (schema, request, options) => {
        note(request)
        return client.fetch(schema, request, options)
      },
      find: (schema, request, options) => {
        note(request)
        return client.find(schema, request, options)
      },
      operate: (request, options) => {
        note(request)
        return client.operate(request, options)
      },
    }
    return {asked, provider: createIncus(counting, {context: testContext({}, home), settings: {}})}
  }

  it('a machine is made and started by one operation', async () => {
    const {asked, provider} = counted()
    await provider.create(machines.spec('once', {image: 'local:omni-test/busybox'}))
    expect(asked.filter((line) => !line.startsWith('GET'))).toEqual(['POST /instances'])
  })

  it('all machines with addresses and memory are one', async () => {
    const {asked, provider} = counted()
    expect((await provider.list()).length).toBeGreaterThan(2)
    expect(asked).toEqual(['GET /instances'])
  })
})

describe.skipIf(socket === undefined)('states of machines on Incus', () => {
  it('a frozen one is woken by start, and stopped', async () => {
    const {provider, client} = machines
    const freeze = {method: 'PUT', path: '/instances/worker-10/state', json: {action: 'freeze'}} as const
    await client.operate(freeze)
    expect((await provider.get('worker-10'))?.status).toBe('frozen')
    expect((await provider.start('worker-10')).status).toBe('running')
    await client.operate(freeze)
    expect((await provider.stop('worker-10')).status).toBe('stopped')
  })

  it('one that does not shut down is TIMEOUT, and goes by force', async () => {
    const {provider, spec} = machines
    await provider.create(spec('deaf', {config: {'raw.lxc': 'lxc.signal.halt=SIGCONT'}}))
    await expect(provider.stop('deaf', {timeoutMs: 1_000})).rejects.toMatchObject({
      code: 'TIMEOUT',
      hint: 'omni stop deaf --force',
    })
    expect((await provider.get('deaf'))?.status).toBe('running')
    expect((await provider.stop('deaf', {force: true})).status).toBe('stopped')
  })

  it('volumes of one that is removed stay, unless they are given up as well', async () => {
    const {provider, client, spec} = machines
    const path = '/storage-pools/default/volumes/custom'
    const name = `data-${Date.now()}`
    await client.send({method: 'POST', path, json: {name, content_type: 'filesystem', config: {}}})
    const isThere = async () => (await client.find(z.unknown(), {method: 'GET', path: `${path}/${name}`})) !== undefined
    const devices = {data: {type: 'disk', pool: 'default', source: name, path: '/data'}}
    await provider.create(spec('holder', {devices}))
    await provider.remove('holder')
    expect(await isThere()).toBe(true)
    await provider.create(spec('holder', {devices}))
    await provider.remove('holder', {purge: true})
    expect(await isThere()).toBe(false)
  })

  it('a protected one is not removed', async () => {
    const {provider, spec} = machines
    await provider.create(spec('kept', {protect: true}))
    await expect(provider.remove('kept')).rejects.toMatchObject({code: 'CONFLICT'})
    expect((await provider.get('kept'))?.status).toBe('running')
  })
})

describe.skipIf(socket === undefined)('a machine that cannot be made', () => {
  it('one that cannot start is told why, and nothing is left of it', async () => {
    const {provider, spec} = machines
    const broken = spec('broken', {config: {'raw.lxc': 'lxc.mount.entry=/no/such/folder mnt none bind 0 0'}})
    await expect(provider.create(broken)).rejects.toThrow(/did not start and was removed again.*\/no\/such\/folder/s)
    expect(await provider.get('broken')).toBeUndefined()
  })

  it('a name that another project has on the same network is CONFLICT, and says so', async () => {
    const other = await createMachines(network)
    try {
      await expect(other.provider.create(other.spec('plain'))).rejects.toMatchObject({
        code: 'CONFLICT',
        message: "the name 'plain' is taken in another project on the same network",
      })
      expect(await other.provider.get('plain')).toBeUndefined()
    } finally {
      await other.remove()
    }
  })

  it('one that is removed by hand while it is made is CONFLICT', async () => {
    const {client, spec} = machines
    const meddling: IncusClient = {
      ...client,
      async operate(request, options) {
        const operation = await client.operate(request, options)
        if (request.method === 'POST') await machines.provider.remove('brief')
        return operation
      },
    }
    const provider = createIncus(meddling, {context: testContext({}, machines.home), settings: {}})
    await expect(provider.create(spec('brief'))).rejects.toMatchObject({
      code: 'CONFLICT',
      message: /removed by somebody/,
    })
  })

  it('an interrupted create can be repeated after a removal', async () => {
    const {provider, spec} = machines
    const abort = new AbortController()
    const making = provider.create(spec('cut'), {signal: abort.signal, onProgress: () => abort.abort()})
    await expect(making).rejects.toMatchObject({code: 'ABORTED'})
    await provider.remove('cut')
    expect((await provider.create(spec('cut'))).status).toBe('running')
  })
})

describe.skipIf(socket === undefined)('the server', () => {
  it('check tells version and kinds of machines; a dead daemon is not ok', async () => {
    expect(await machines.provider.check()).toMatchObject({ok: true, version: /^\d+\.\d+/, message: /containers/})
    const nowhere = join(folder, 'unix.socket')
    const context = testContext({INCUS_SOCKET: nowhere})
    const dead = createIncus(await openClient(context, {}), {context, settings: {}})
    expect(await dead.check()).toMatchObject({ok: false, message: /does not answer/, hint: /^omni /})
  })
})
