import {randomBytes} from 'node:crypto'
import {mkdtemp, readFile, rm, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {type DriverContext, type ObjectKind, silentLogger} from '@omni-cli/sdk'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import type {KubeClient} from '../../../src/client/kube-client.ts'
import {openClient} from '../../../src/client/open-client.ts'
import {createCluster} from '../../../src/provider/cluster/index.ts'
import {startRelay} from './relay.ts'

const kubeconfig = process.env.OMNI_TEST_KUBECONFIG
const SERVER = /https:\/\/127\.0\.0\.1:(\d+)/
const namespace = `client-${randomBytes(4).toString('hex')}`

let home: string
let client: KubeClient
let maps: ObjectKind

const contextFor = (extra: Partial<DriverContext> = {}): DriverContext => ({
  ...{home, env: {KUBECONFIG: kubeconfig}, context: 'test', namespace, cluster: 'omni-test', log: silentLogger},
  http: {request: () => Promise.reject(new Error('not used')), stream: () => Promise.reject(new Error('not used'))},
  exec: () => Promise.reject(new Error('not used')),
  notice: () => undefined,
  ...extra,
})

const map = (name: string, value: string) => ({
  ...{apiVersion: 'v1', kind: 'ConfigMap', metadata: {name, namespace}},
  data: {value},
})

beforeAll(async () => {
  if (kubeconfig === undefined) return
  home = await mkdtemp(join(tmpdir(), 'omni-real-client-'))
  client = await openClient(contextFor(), {})
  const spaces = await client.findKind('namespaces')
  const found = await client.findKind('cm')
  if (spaces === undefined || found === undefined) throw new Error('this is no Kubernetes')
  maps = found
  await client.create(spaces, {apiVersion: 'v1', kind: 'Namespace', metadata: {name: namespace}})
})
afterAll(async () => {
  if (kubeconfig === undefined) return
  await client.request({method: 'DELETE', path: `/api/v1/namespaces/${namespace}`})
  await rm(home, {recursive: true, force: true, maxRetries: 3})
})

describe.skipIf(kubeconfig === undefined)('objects of a real API server', () => {
  it('applies, reads, patches and removes', async () => {
    const place = {kind: maps, name: 'one'}
    await client.apply(maps, map('one', 'a'))
    await client.patch(place, [{op: 'replace', path: '/data/value', value: 'b'}], {type: 'json'})

    expect(await client.get(place)).toMatchObject({kind: 'ConfigMap', data: {value: 'b'}})
    await expect(client.create(maps, map('one', 'c'))).rejects.toMatchObject({code: 'CONFLICT'})
    await client.remove(place)
    expect(await client.get(place)).toBeUndefined()
  })

  it('tells who owns a field that it would take over, and takes it by force', async () => {
    await client.request({
      ...{method: 'PATCH', path: client.pathOf(maps, {name: 'owned'}), contentType: 'application/apply-patch+yaml'},
      ...{query: {fieldManager: 'somebody'}, body: map('owned', 'theirs')},
    })

    await expect(client.apply(maps, map('owned', 'ours'))).rejects.toMatchObject({
      code: 'CONFLICT',
      message: "configmaps 'owned' is managed by others too: 'somebody' owns .data.value",
    })
    expect(await client.apply(maps, map('owned', 'ours'), {force: true})).toMatchObject({data: {value: 'ours'}})
  })

  it('dry runs change nothing, and what is wrong is told by its field', async () => {
    expect(await client.create(maps, map('dry', 'x'), {dryRun: true})).toMatchObject({metadata: {name: 'dry'}})
    expect(await client.get({kind: maps, name: 'dry'})).toBeUndefined()
    await expect(client.create(maps, map('Not_A_Name', 'x'))).rejects.toMatchObject({
      code: 'INVALID',
      details: {causes: [{field: 'metadata.name'}]},
    })
  })

  it('hears the remarks of the server on what is outdated', async () => {
    const told: string[] = []
    const path = '/apis/extensions/v1beta1/ingresses?limit=1'

    await client.request({method: 'GET', path}, {onWarning: (text) => told.push(text)})

    expect(told.join()).toMatch(/deprecated/)
  })
})

describe.skipIf(kubeconfig === undefined)('the connection to a real API server', () => {
  it('goes on with a watch when the API server dies in the middle, and tells what happened meanwhile', async () => {
    const text = await readFile(kubeconfig ?? '', 'utf8')
    await using relay = await startRelay(Number(SERVER.exec(text)?.[1]))
    const file = join(home, 'relayed')
    await writeFile(file, text.replace(SERVER, `https://127.0.0.1:${relay.port}`))
    const relayed = await openClient(contextFor(), {kubeconfig: file})
    const seen: string[] = []
    const controller = new AbortController()
    const watching = (async () => {
      for await (const {type, object} of relayed.watch(maps, {
        ...{labels: {watched: 'yes'}, signal: controller.signal},
      })) {
        seen.push(`${type} ${object.metadata.name}`.trim())
      }
    })()
    const labelled = (name: string, value: string) => {
      const object = map(name, value)
      return client.apply(maps, {...object, metadata: {...object.metadata, labels: {watched: 'yes'}}})
    }
    await expect.poll(() => seen).toEqual(['synced'])
    await labelled('before', '1')
    await expect.poll(() => seen).toContain('added before')

    await relay.die()
    await labelled('during', '1')
    await client.remove({kind: maps, name: 'before'})
    await relay.rise()

    await expect
      .poll(() => seen, {timeout: 15_000})
      .toEqual(['synced', 'added before', 'added during', 'deleted before'])
    controller.abort()
    await watching
  })

  it('goes through the proxy of the kubeconfig, and is stopped by one that is not there', async () => {
    const text = await readFile(kubeconfig ?? '', 'utf8')
    const port = Number(SERVER.exec(text)?.[1])
    await using relay = await startRelay(port)
    const file = join(home, 'proxied')
    const through = (proxy: string) => text.replace(SERVER, (server) => `${server}", proxy-url: "${proxy}`)
    await writeFile(file, through(`http://127.0.0.1:${relay.port}`))

    expect(await (await openClient(contextFor(), {kubeconfig: file})).version()).toMatch(/^v1\./)
    expect(relay.tunnels).toEqual([`127.0.0.1:${port}`])
    await writeFile(file, through('http://127.0.0.1:1'))
    await expect((await openClient(contextFor(), {kubeconfig: file})).version()).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    })
  })

  it('does not trust another certificate, but for a user who wants that', async () => {
    const text = await readFile(kubeconfig ?? '', 'utf8')
    const without = text.replace(/certificate-authority-data: [^}]+/, '')
    const file = join(home, 'untrusted')
    await writeFile(file, without)
    await expect((await openClient(contextFor(), {kubeconfig: file})).version()).rejects.toMatchObject({
      code: 'UNAUTHORIZED',
      message: expect.stringContaining('certificate-authority'),
    })
    const notices: string[] = []
    await writeFile(file, text.replace(/certificate-authority-data: [^}]+/, 'insecure-skip-tls-verify: true'))

    const careless = await openClient(contextFor({notice: (notice) => notices.push(notice)}), {kubeconfig: file})

    expect(await careless.version()).toMatch(/^v1\./)
    expect(notices).toEqual([expect.stringContaining('is not checked')])
  })
})

describe.skipIf(kubeconfig === undefined)('a cluster for a user who may do nothing', () => {
  const viewer = () => createCluster(contextFor({cluster: 'omni-test-viewer'}), {})

  it('is reachable, and says what he may not look at', async () => {
    const checks = await viewer().health()

    expect(checks.find(({name}) => name === 'api server')).toMatchObject({status: 'ok'})
    expect(checks.find(({name}) => name === 'nodes')).toMatchObject({
      status: 'unknown',
      message: expect.stringContaining('cannot list resource "nodes"'),
    })
    expect(checks.find(({name}) => name === 'permissions')).toMatchObject({status: 'failed'})
  })

  it('tells no capacity', async () => {
    await expect(viewer().capacity()).rejects.toMatchObject({code: 'FORBIDDEN'})
    await expect(viewer().requests()).rejects.toMatchObject({code: 'FORBIDDEN'})
  })
})

describe.skipIf(kubeconfig === undefined)('a cluster for a user who may do everything', () => {
  it('has nodes with room, and permissions', async () => {
    const cluster = createCluster(contextFor(), {})
    const [checks, capacity] = await Promise.all([cluster.health(), cluster.capacity()])

    expect(checks.find(({name}) => name === 'permissions')).toMatchObject({status: 'ok'})
    expect(capacity.nodes.find(({name}) => name === 'node1')).toMatchObject({usable: true})
    expect(capacity.free.pods).toBeLessThanOrEqual(capacity.allocatable.pods)
  })

  it('offers the contexts of its kubeconfig', async () => {
    const cluster = createCluster(contextFor(), {})
    const contexts = await cluster.contexts()
    const [first] = contexts

    expect(contexts.map(({name, current}) => [name, current])).toEqual([
      ['omni-test', true],
      ['omni-test-viewer', false],
    ])
    expect(first === undefined ? undefined : await cluster.connect({context: first})).toMatchObject({ok: true})
  })
})
