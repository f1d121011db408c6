import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {isOmniError, OmniError} from '@omni-cli/sdk'
import type {Session} from '@omni-cli/sdk/cli'
import {loadManifest} from '@omni-cli/sdk/engine'
import {afterEach, beforeEach, describe, expect, test} from 'vitest'
import {type ApplyManifestOptions, applyManifest} from '../../src/apply/apply-manifest.ts'
import {diffManifest} from '../../src/apply/diff-manifest.ts'
import {findDoomed} from '../../src/apply/doomed.ts'
import {dependantNotes} from '../../src/apply/objects/doomed-objects.ts'
import {OWN_WORDS, objectWord} from '../../src/apply/objects/refs.ts'
import {remoteBases} from '../../src/apply/objects/remote-bases.ts'
import {validateManifest} from '../../src/apply/validate.ts'
import {exportThings, isOfCluster} from '../../src/resources/export-things.ts'
import {getThings} from '../../src/resources/get-things.ts'
import {KINDS} from '../../src/resources/kinds.ts'
import {type MemoryObjects, memoryObjects, objectSession} from './memory-objects.ts'
import {memorySession, recordingProgress} from './memory-session.ts'

let folder: string
let api: MemoryObjects
let session: Session & Disposable

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'omni-objects-'))
  api = memoryObjects()
  session = objectSession(api)
})
afterEach(() => {
  session[Symbol.dispose]()
  rmSync(folder, {recursive: true})
})

const config = (name: string, value = '1', namespace?: string) =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\n${namespace === undefined ? '' : `  namespace: ${namespace}\n`}data: {a: "${value}"}\n`
const SHOP = 'apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n'

const load = (...documents: readonly string[]) => {
  const file = join(folder, 'shop.yaml')
  writeFileSync(file, documents.join('---\n'))
  return loadManifest([file])
}

const options = (more: Partial<ApplyManifestOptions> = {}): ApplyManifestOptions => ({
  prune: false,
  dryRun: false,
  signal: new AbortController().signal,
  progress: async () => recordingProgress(),
  approve: async () => true,
  ...more,
})

const apply = async (documents: readonly string[], more?: Partial<ApplyManifestOptions>) =>
  (await applyManifest(session, await load(...documents), options(more))) as {data: {done: unknown[]; kept: unknown[]}}

async function failure(work: Promise<unknown>): Promise<OmniError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (isOmniError(error)) return error
  throw new Error('it succeeded')
}

describe('apply of Kubernetes objects', () => {
  test('namespaces come first; a second time, nothing is to be done', async () => {
    const documents = [config('web', '1', 'shop'), SHOP, config('db')]

    const {data} = await apply(documents)
    expect(data.done).toEqual([
      {ref: 'namespace/shop', action: 'create'},
      {ref: 'configmap/shop/web', action: 'create'},
      {ref: 'configmap/db', action: 'create'},
    ])
    api.applied.length = 0

    expect((await apply(documents)).data.kept).toHaveLength(3)
    expect(api.applied).toEqual([])
  })

  test('what needs an object that failed is skipped, the rest is applied', async () => {
    api.faults.set('shop', new OmniError('FORBIDDEN', 'no'))
    const error = await failure(apply([SHOP, config('web', '1', 'shop'), config('db')]))
    expect(error.code).toBe('PARTIAL')
    expect(error.details).toMatchObject({
      done: [{ref: 'configmap/db'}],
      failed: [{ref: 'namespace/shop'}],
      skipped: [{ref: 'configmap/shop/web', reason: 'namespace/shop did not succeed'}],
    })
  })

  test('when the server is gone, nothing new is started, and running again converges', async () => {
    api.faults.set('b', new OmniError('UNAVAILABLE', 'nobody answers'))
    const documents = [config('a'), config('b'), config('c')]
    const error = await failure(apply(documents, {concurrency: 1}))
    expect(error.details).toMatchObject({
      done: [{ref: 'configmap/a'}],
      failed: [{ref: 'configmap/b'}],
      skipped: [{ref: 'configmap/c', reason: 'nobody answers'}],
    })
    api.faults.clear()
    expect((await apply(documents)).data).toMatchObject({done: [{ref: 'configmap/b'}, {ref: 'configmap/c'}]})
  })
})

describe('what apply of Kubernetes objects refuses and removes', () => {
  test('problems of all objects are told with their places before anything is touched', async () => {
    api.found.push({index: 1, path: ['data', 'a'], severity: 'error', message: 'no'})
    const error = await failure(apply([config('a'), config('b')]))
    expect(error.code).toBe('MANIFEST_INVALID')
    expect(error.details).toMatchObject([{line: 11, column: 11, message: "ConfigMap 'b' data.a: no"}])
    expect(api.applied).toEqual([])
  })

  test('fields of others are a conflict with a place, a note of diff, and taken over when told to', async () => {
    await apply([config('a')])
    api.foreign.add('a')
    const error = await failure(apply([config('a', '2')]))
    expect(error).toMatchObject({code: 'CONFLICT', details: [{line: 5, message: expect.stringContaining("'kubectl'")}]})

    const plan = await diffManifest(session, await load(config('a', '2')), {
      ...{prune: false, adopt: false, forceConflicts: false},
      notice: () => undefined,
    })
    expect(plan.notes.join()).toContain('--force-conflicts')
    expect(plan.operations).toMatchObject([{action: 'update', changes: [{path: 'data', by: 'kubectl'}]}])

    expect((await apply([config('a', '2')], {forceConflicts: true})).data.done).toHaveLength(1)
  })

  test('--dry-run and an interrupted apply change nothing', async () => {
    await apply([config('a')], {dryRun: true})
    const controller = new AbortController()
    controller.abort()
    expect((await failure(apply([config('a')], {signal: controller.signal}))).code).toBe('ABORTED')
    expect([...api.objects.keys()].filter((key) => key !== 'ConfigMap/omni-plan-shop')).toEqual([])
  })

  test('--prune removes what an earlier apply of the plan made, after asking', async () => {
    await apply([config('a'), config('b')])
    api.objects.set('ConfigMap/other', {apiVersion: 'v1', kind: 'ConfigMap', metadata: {name: 'other'}})

    await apply([config('a')], {prune: true, approve: async () => false})
    expect(api.objects.has('ConfigMap/b')).toBe(true)

    const {data} = await apply([config('a')], {prune: true})
    expect(data.done).toEqual([{ref: 'configmap/b', action: 'remove'}])
    expect([...api.objects.keys()].sort()).toEqual(['ConfigMap/a', 'ConfigMap/omni-plan-shop', 'ConfigMap/other'])
  })

  test('without a cluster it is said what is missing', async () => {
    using plain = memorySession({})
    const error = await failure(applyManifest(plain, await load(config('a')), options()))
    expect(error).toMatchObject({code: 'UNSUPPORTED', hint: 'omni cluster connect'})
  })
})

describe('looking at Kubernetes objects', () => {
  const query = {labels: {}, watch: false, notice: () => undefined} as const

  test('a table has the columns of the server', async () => {
    await apply([config('a')])
    const view = await getThings(session, ['cm', 'a'], {...query, format: 'table'})
    if (view.type !== 'list') throw new Error('no list')
    expect(view.columns.map(({header, wide}) => [header, wide])).toEqual([
      ['NAME', false],
      ['DATA', true],
    ])
  })

  test('as YAML it is a document that can be applied: the object, or a list of them', async () => {
    await apply([config('a'), config('b')])
    const one = await getThings(session, ['configmap/a'], {...query, format: 'yaml'})
    expect(one).toMatchObject({data: {kind: 'ConfigMap', metadata: {name: 'a'}}})
    const all = await getThings(session, ['configmaps'], {...query, format: 'json'})
    expect(all).toMatchObject({data: {kind: 'List'}})
  })

  test('an export is a document, of those that are named or of all', async () => {
    await apply([config('a'), config('b')])
    expect(await exportThings(session, ['cm', 'a'], {})).toMatchObject({
      data: {kind: 'ConfigMap', metadata: {name: 'a'}},
    })
    expect(await exportThings(session, ['cm'], {})).toMatchObject({data: {kind: 'List'}})
    expect(await isOfCluster(session, ['cm', 'a'], {})).toBe(true)
    expect(await isOfCluster(session, ['instance', 'a'], {})).toBe(false)
    expect(await isOfCluster(session, ['worker-1', '/backup/worker-1.tar.gz'], {})).toBe(false)
  })

  test('a mistyped kind names the nearest, ours or the cluster’s', async () => {
    const error = await failure(getThings(session, ['configmpas'], {...query, format: 'table'}))
    expect(error).toMatchObject({code: 'USAGE', message: expect.stringContaining("did you mean 'configmaps'?")})
  })

  test('a name that is not there is NOT_FOUND', async () => {
    const error = await failure(getThings(session, ['cm', 'nope'], {...query, format: 'table'}))
    expect(error).toMatchObject({code: 'NOT_FOUND', details: {missing: ['nope']}})
  })

  test('what uses an object is told before it is deleted', async () => {
    await apply([config('used'), config('free')])
    const doomed = await findDoomed(session, {words: ['cm', 'used', 'free'], files: [], ignoreNotFound: false})
    expect(doomed.map(({name}) => name)).toEqual(['used', 'free'])
    expect(await dependantNotes(session, doomed, {})).toEqual(['configmap/used is used by deployment/web'])
  })

  test('objects of a file that are there are found for a delete, the namespace after what is in it', async () => {
    const manifest = [SHOP, config('web', '1', 'shop')]
    await apply(manifest)
    const doomed = await findDoomed(session, {words: [], files: [join(folder, 'shop.yaml')], ignoreNotFound: true})
    expect(doomed.map(({kind, name, needs}) => [`${kind.kind}/${name}`, needs?.[0]])).toEqual([
      ['namespace/shop', expect.stringContaining('customresourcedefinition')],
      ['configmap/shop/web', 'namespace/shop'],
    ])
  })
})

describe('validate', () => {
  test('without a cluster only the form is checked, and that is said', async () => {
    expect(await validateManifest(await load(config('a')))).toMatchObject({objects: 'form', resources: ['configmap/a']})
  })

  test('with one, its schemas tell errors and warnings', async () => {
    api.found.push({index: 0, path: ['metadata'], severity: 'warning', message: 'hm'})
    const check = async () => validateManifest(await load(config('a')), {session: async () => session})
    expect(await check()).toMatchObject({objects: 'schema', warnings: [{line: 4}]})
    api.found.push({index: 0, path: ['data'], severity: 'error', message: 'no'})
    expect((await failure(check())).code).toBe('MANIFEST_INVALID')
  })
})

test('a kustomization tells what it would fetch, also through its bases', async () => {
  mkdirSync(join(folder, 'base'))
  writeFileSync(join(folder, 'kustomization.yaml'), 'resources: [base, a.yaml, "github.com/a/b?ref=v1"]\n')
  writeFileSync(
    join(folder, 'base', 'kustomization.yml'),
    'bases: ["https://example.org/x.yaml"]\nresources: [../a.yaml]\n',
  )
  expect((await remoteBases(folder)).sort()).toEqual(['github.com/a/b?ref=v1', 'https://example.org/x.yaml'])
})

test('words of kinds that are ours are told apart', () => {
  expect(objectWord({kind: 'Service', group: ''})).toBe('service.core')
  expect(objectWord({kind: 'Service', group: 'serving.knative.dev'})).toBe('service.serving.knative.dev')
  expect(objectWord({kind: 'Deployment', group: 'apps'})).toBe('deployment')
  const own = KINDS.map(({kind}) => kind)
  expect(OWN_WORDS.filter((word) => !own.includes(word))).toEqual([])
  expect(own.filter((word) => !OWN_WORDS.includes(word))).toEqual([])
})
