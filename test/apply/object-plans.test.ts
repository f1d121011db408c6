import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import type {Session, TextLine} from '@omni-cli/sdk/cli'
import {loadManifest} from '@omni-cli/sdk/engine'
import {afterEach, beforeEach, describe, expect, test} from 'vitest'
import {applyManifest} from '../../src/apply/apply-manifest.ts'
import {deleteThings} from '../../src/apply/delete.ts'
import {differs, diffManifest} from '../../src/apply/diff-manifest.ts'
import {findDoomed} from '../../src/apply/doomed.ts'
import {getThings} from '../../src/resources/get-things.ts'
import {type MemoryObjects, memoryObjects, objectSession} from './memory-objects.ts'
import {recordingProgress} from './memory-session.ts'

let folder: string
let api: MemoryObjects
let session: Session & Disposable
const asked: (readonly TextLine[])[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'omni-plans-'))
  api = memoryObjects()
  session = objectSession(api)
  asked.length = 0
})
afterEach(() => {
  session[Symbol.dispose]()
  rmSync(folder, {recursive: true})
})

const write = (path: string, name: string, namespace?: string) => {
  mkdirSync(join(folder, path, '..'), {recursive: true})
  const place = namespace === undefined ? '' : `, namespace: ${namespace}`
  writeFileSync(
    join(folder, path),
    `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}${place}}\ndata: {a: "1"}\n`,
  )
}

const calls = () => ({
  signal: new AbortController().signal,
  progress: async () => recordingProgress(),
  approve: async (plan: readonly TextLine[]) => {
    asked.push(plan)
    return true
  },
})

const apply = async (paths: readonly string[], more: {readonly of?: Session; readonly prune?: boolean} = {}) => {
  const {of = session, prune = false} = more
  const manifest = await loadManifest(paths.map((path) => join(folder, path)))
  return applyManifest(of, manifest, {prune, dryRun: false, ...calls()})
}

const names = () => [...api.objects.keys()].filter((key) => !key.includes('omni-plan-')).toSorted()

describe('prune of a folder', () => {
  test('an object whose file was taken out of the folder goes', async () => {
    write('shop/web.yaml', 'web')
    write('shop/db.yaml', 'db')
    await apply(['shop'])
    rmSync(join(folder, 'shop/db.yaml'))

    await apply(['shop'], {prune: true})

    expect(names()).toEqual(['ConfigMap/web'])
    expect(asked).toHaveLength(1)
  })

  test('files of the same name in two folders are two plans', async () => {
    write('shop/app.yaml', 'web')
    write('blog/app.yaml', 'posts')
    await apply(['shop'])

    await apply(['blog'], {prune: true})

    expect(names()).toEqual(['ConfigMap/posts', 'ConfigMap/web'])
  })
})

test('an object that is written with the namespace that is worked in and without one is written twice', async () => {
  write('shop/a.yaml', 'web')
  write('shop/b.yaml', 'web', 'default')

  await expect(apply(['shop'])).rejects.toMatchObject({
    code: 'MANIFEST_INVALID',
    message: expect.stringContaining('a.yaml:1'),
  })
  expect(names()).toEqual([])
})

describe('a protected context', () => {
  const protectedOne = (): Session => ({...session, context: {...session.context, protected: true}})

  test('refuses an apply as a whole, before anything is tried', async () => {
    write('shop/a.yaml', 'web')

    await expect(apply(['shop'], {of: protectedOne()})).rejects.toMatchObject({code: 'FORBIDDEN'})
    expect(api.applied).toEqual([])
    expect(asked).toEqual([])
  })

  test('has nothing against an apply that changes nothing', async () => {
    write('shop/a.yaml', 'web')
    await apply(['shop'])
    api.applied.length = 0

    await apply(['shop'], {of: protectedOne()})
    expect(api.applied).toEqual([])
  })

  test('refuses to delete, without asking first', async () => {
    write('shop/a.yaml', 'web')
    await apply(['shop'])
    const of = protectedOne()
    const doomed = await findDoomed(of, {
      words: ['configmap/web'],
      files: [],
      ignoreNotFound: false,
      signal: new AbortController().signal,
    })

    await expect(deleteThings(of, doomed, {...calls(), dryRun: false, purge: false})).rejects.toMatchObject({
      code: 'FORBIDDEN',
    })
    expect(asked).toEqual([])
    expect(names()).toEqual(['ConfigMap/web'])
  })
})

test('that only the owner of fields changes is shown, and no difference', async () => {
  write('shop/a.yaml', 'web')
  const owned: MemoryObjects = {
    ...api,
    plan: async (objects) => (await api.plan(objects)).map((plan) => ({...plan, action: 'update', changes: []})),
  }
  const of = objectSession(owned)
  const manifest = await loadManifest([join(folder, 'shop')])
  const flags = {prune: false, adopt: false, forceConflicts: false, notice: () => undefined}

  const plan = await diffManifest(of, manifest, flags)

  expect(plan.operations).toMatchObject([{ref: 'configmap/web', action: 'update'}])
  expect(differs(plan)).toBe(false)
  expect(differs(await diffManifest(session, manifest, flags))).toBe(true)
  of[Symbol.dispose]()
})

test('what many are refused for is told once', async () => {
  for (const name of ['a', 'b', 'c']) write(`shop/${name}.yaml`, name)
  const refusal = {code: 'INVALID', message: "there is no namespace 'shop'"} as const
  const refusing: MemoryObjects = {
    ...api,
    plan: async (objects) => (await api.plan(objects)).map((plan) => ({...plan, refusal})),
  }
  using of = objectSession(refusing)

  await expect(apply(['shop'], {of})).rejects.toMatchObject({
    message: expect.stringMatching(/^one problem in .*\n.*ConfigMap 'a' and 2 more: there is no namespace 'shop'/),
  })
})

test('names and labels together are refused, as nobody knows which is meant', async () => {
  const query = {allNamespaces: false, watch: false, format: 'table', notice: () => undefined} as const
  const asked = getThings(session, ['configmap', 'web'], {
    ...query,
    labels: {a: 'b'},
    signal: new AbortController().signal,
  })
  await expect(asked).rejects.toMatchObject({code: 'USAGE'})
})
