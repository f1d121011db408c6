import {createHash} from 'node:crypto'
import {mkdirSync, readdirSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {buffer} from 'node:stream/consumers'
import type {ServiceEngine} from '@omni-cli/sdk'
import {loadManifest, withLock} from '@omni-cli/sdk/engine'
import {createMemoryInstances, createMemoryServices} from '@omni-cli/testkit'
import {expect, test} from 'vitest'
import {applyManifest} from '../../src/apply/apply-manifest.ts'
import {packSources} from '../../src/apply/sources.ts'
import {memorySession, recordingProgress} from './memory-session.ts'

const load = (manifest: unknown, plan = 'demo') =>
  loadManifest(['-'], {
    plan,
    stdin: (async function* () {
      yield JSON.stringify(manifest)
    })(),
  })

const options = (approve = async () => true) => {
  const progress = recordingProgress()
  const signal = new AbortController().signal
  return {prune: false, dryRun: false, signal, progress: async () => progress, approve, lines: progress.lines}
}

/** Memory services that keep artifacts as the real engine does. */
function engineWithArtifacts(): ServiceEngine & {readonly stored: Map<string, Buffer>} {
  const stored = new Map<string, Buffer>()
  return {
    ...createMemoryServices(),
    stored,
    artifacts: {
      has: async (digest) => stored.has(digest),
      put: async (digest, content) => {
        stored.set(digest, await buffer(content))
      },
    },
  }
}

test('what is missing is made, a second time nothing is done', async () => {
  const service = createMemoryServices()
  using session = memorySession({service})
  const manifest = await load({services: {web: {image: 'a', depends_on: ['db']}, db: {image: 'b'}}})
  const first = options()

  expect(await applyManifest(session, manifest, first)).toMatchObject({
    data: {
      done: [
        {ref: 'service/db', action: 'create'},
        {ref: 'service/web', action: 'create'},
      ],
    },
  })
  expect(first.lines).toEqual(['create service/db: done', 'create service/web: done'])
  expect(await applyManifest(session, manifest, options())).toMatchObject({
    data: {done: [], kept: ['service/db', 'service/web']},
  })
})

test('sources are packed, sent once, seen when they change, and leave nothing behind', async () => {
  const service = engineWithArtifacts()
  using session = memorySession({service})
  mkdirSync(join(session.home, 'app'))
  writeFileSync(join(session.home, 'app', 'index.js'), '1')
  const file = join(session.home, 'omni.yaml')
  writeFileSync(
    file,
    'services: {web: {command: node index.js, source: app}, twin: {command: node index.js, source: app}}',
  )
  const apply = async () => applyManifest(session, await loadManifest([file]), options())

  await apply()
  const [digest = ''] = service.stored.keys()
  expect(service.stored.size).toBe(1)
  expect(
    `sha256:${createHash('sha256')
      .update(service.stored.get(digest) ?? '')
      .digest('hex')}`,
  ).toBe(digest)
  expect((await service.get('web'))?.spec).toMatchObject({artifact: digest})
  expect((await service.get('web'))?.spec).not.toHaveProperty('source')
  expect(await apply()).toMatchObject({data: {done: []}})

  writeFileSync(join(session.home, 'app', 'index.js'), '2')
  expect(await apply()).toMatchObject({data: {done: [{action: 'update'}, {action: 'update'}]}})
  expect(service.stored.size).toBe(2)
  expect(readdirSync(join(session.home, 'cache', 'sources'))).toEqual([])
})

test('a folder that several services share is packed once', async () => {
  using session = memorySession({service: engineWithArtifacts()})
  mkdirSync(join(session.home, 'app'))
  writeFileSync(join(session.home, 'app', 'index.js'), '1')
  const file = join(session.home, 'omni.yaml')
  writeFileSync(file, 'services: {web: {command: a, source: app}, worker: {command: b, source: app}}')
  const read: string[] = []

  await using packed = await packSources(await loadManifest([file]), {
    home: session.home,
    onProgress: (path) => read.push(path),
  })

  expect(read).toEqual(['index.js'])
  const artifacts = packed.manifest.resources.map(({spec}) => 'artifact' in spec && spec.artifact)
  expect(new Set(artifacts).size).toBe(1)
})

test('a source that is no folder is told with its place', async () => {
  using session = memorySession({service: engineWithArtifacts()})
  const manifest = await load({services: {web: {command: 'x', source: './none'}}})
  await expect(applyManifest(session, manifest, options())).rejects.toMatchObject({
    code: 'MANIFEST_INVALID',
    message: expect.stringMatching(/^-:1:14: the source of service 'web' is no folder/),
  })
})

test('a dry run and a refusal change nothing, and only what destroys is asked about', async () => {
  const service = createMemoryServices()
  using session = memorySession({service})
  const two = await load({services: {web: {image: 'a'}, old: {image: 'a'}}})
  const never = options(async () => Promise.reject(new Error('asked')))
  await applyManifest(session, two, {...never, dryRun: true})
  expect(service.entries.size).toBe(0)
  await applyManifest(session, two, never)

  const one = await load({services: {web: {image: 'b'}}})
  const view = await applyManifest(session, one, {...options(async () => false), prune: true})
  expect([...service.entries.keys()]).toEqual(['web', 'old'])
  expect(view).toMatchObject({
    data: {notes: ['nothing was done'], operations: [{action: 'update'}, {action: 'remove'}]},
  })

  await applyManifest(session, one, {...options(), prune: true})
  expect([...service.entries.keys()]).toEqual(['web'])
})

test('a failure rejects after the rest is done', async () => {
  const service = createMemoryServices()
  using session = memorySession({service})
  const manifest = await load({services: {bad: {command: 'exit 3'}, web: {image: 'a'}}})
  await expect(applyManifest(session, manifest, options())).rejects.toMatchObject({
    code: 'PARTIAL',
    details: {done: [{ref: 'service/web'}], failed: [{ref: 'service/bad', error: {code: 'DEPLOY_FAILED'}}]},
  })
})

test('by name, a dry run tells what would change and an apply what has changed', async () => {
  using session = memorySession({service: createMemoryServices()})
  const manifest = await load({services: {web: {image: 'a'}, db: {image: 'b'}}})
  const ref = ['service/web', 'service/db']

  expect(await applyManifest(session, manifest, {...options(), dryRun: true})).toMatchObject({ref})
  expect(await applyManifest(session, manifest, options())).toMatchObject({ref})
  expect(await applyManifest(session, manifest, options())).toMatchObject({ref: []})
})

test('while another command is at work it is LOCKED; a dry run is not', async () => {
  using session = memorySession({service: createMemoryServices()})
  const manifest = await load({services: {web: {image: 'a'}}})
  await withLock({home: session.home, name: 'default', command: 'omni up'}, async () => {
    await expect(applyManifest(session, manifest, options())).rejects.toMatchObject({code: 'LOCKED'})
    await applyManifest(session, manifest, {...options(), dryRun: true})
  })
})

test('an engine that does not run is started for services, and not to prune beside machines', async () => {
  const service = createMemoryServices()
  let wakes = 0
  const sleepy = {...service, wake: async () => void wakes++}
  using session = memorySession({service: sleepy, instance: createMemoryInstances()})
  const machines = await load({instances: {web: {image: 'x'}}})
  await applyManifest(session, machines, {...options(), prune: true})
  expect(wakes).toBe(0)
  await applyManifest(session, await load({services: {web: {image: 'a'}}}), options())
  expect(wakes).toBe(1)
})

test('to prune, a backend that does not run is not looked at, and that is told', async () => {
  const instance = {
    ...createMemoryInstances(),
    check: async () => ({ok: false, message: 'the daemon is down'}),
    list: () => Promise.reject(new Error('it was asked')),
  }
  using session = memorySession({service: createMemoryServices(), instance})
  const told: string[] = []
  const notice = (text: string) => told.push(text)
  const manifest = await load({services: {web: {image: 'a'}}})
  await applyManifest(session, manifest, {...options(), prune: true, notice})
  expect(told).toEqual(['note: instances were not looked at: the daemon is down'])
})
