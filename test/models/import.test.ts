import {mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {type DownloadOptions, OmniError} from '@omni-cli/sdk'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {type ImportRequest, importModels} from '../../src/models/import/import-models.ts'
import {recordingProgress} from '../apply/memory-session.ts'
import {found, type ImportWorld, importWorld} from './import-session.ts'

let notices: string[]
let asked: number
let dir: string
beforeEach(() => {
  notices = []
  asked = 0
  dir = mkdtempSync(join(tmpdir(), 'omni-import-'))
})
afterEach(() => rmSync(dir, {recursive: true}))

async function run({session}: ImportWorld, request: Partial<ImportRequest>) {
  const view = await importModels(session, {
    ...{scheme: 'hf', words: {}, wishes: {}, create: true, dryRun: false, signal: new AbortController().signal},
    progress: async () => recordingProgress(),
    notice: (text) => notices.push(text),
    approve: async () => {
      asked++
      return true
    },
    ...request,
  })
  return view?.type === 'item' ? (view.data as {models: Record<string, unknown>[]; skipped: unknown[]}) : undefined
}

const one = (model = 'ivory/Llama-3.3-8B', more: Partial<ImportRequest> = {}) => ({words: {model}, ...more})

describe('an import', () => {
  it('makes a model of what was found, pinned, with the names of the catalogue', async () => {
    const world = importWorld([found('Llama-3.3-8B')])

    expect((await run(world, one()))?.models).toMatchObject([{name: 'llama-3-3-8b', action: 'created'}])
    expect(await world.catalog.models.get('llama-3-3-8b')).toMatchObject({
      ...{source: 'hf://ivory/Llama-3.3-8B@c0ffee', displayName: 'ivory.llama-3.3-8b', vendor: 'ivory', size: '8B'},
      ...{architecture: 'LlamaForCausalLM', path: '/raid/models/ivory/llama-3-3-8b', maxTokens: 8192},
      ...{capabilities: ['TEXT_TO_TEXT'], apiCapabilities: ['OPENAI_V1_CHAT_COMPLETIONS'], version: '1.0.0'},
    })
    expect(notices.join('\n')).toContain('license       mit')
  })

  it('of the same again changes nothing and does not ask', async () => {
    const world = importWorld([found('Llama-3.3-8B')])
    await run(world, one())

    expect((await run(world, one()))?.models).toMatchObject([{action: 'exists'}])
    expect(asked).toBe(1)
  })

  it('does not touch another model of the same name', async () => {
    const world = importWorld([found('Llama-3.3-8B'), found('other')])
    await run(world, one())

    await expect(run(world, one('ivory/other', {wishes: {name: 'llama-3-3-8b'}}))).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('source: hf://ivory/Llama-3.3-8B@c0ffee, wanted hf://ivory/other@c0ffee'),
    })
  })

  it('that is declined, or only tried, creates nothing', async () => {
    const world = importWorld([found('a')])

    expect(await run(world, one('ivory/a', {approve: async () => false}))).toBeUndefined()
    expect((await run(world, one('ivory/a', {dryRun: true})))?.models).toMatchObject([{action: 'create', bytes: 16e9}])
    expect(await world.catalog.models.list()).toEqual([])
  })

  it('tells what the operator would serve it with', async () => {
    const runtime = {name: 'srt-llama', image: 'x', architectures: [], enabled: true}
    const selected = {runtime, compatible: true, fit: {verdict: 'fits' as const, reason: ''}}
    const suggest = async () => ({
      model: {...found('a'), name: 'a', source: '', status: 'ready' as const},
      selected,
      candidates: [],
      excluded: [],
      warnings: [],
    })
    const world = importWorld([found('a')], {catalog: {selection: {suggest, fit: async () => ({}) as never}}})

    expect((await run(world, one('ivory/a')))?.models).toMatchObject([{runtime: 'srt-llama'}])
  })

  it.each([
    [{}, 'name a model'],
    [{model: 'a', file: 'b'}, 'one of'],
    [{pattern: 'x*'}, '--vendor'],
    [{model: 'ivory/a@main', revision: 'v1'}, 'another one'],
    [{file: 'b', revision: 'v1'}, '--revision'],
  ])('of %j is refused', async (words, text) => {
    await expect(run(importWorld([]), {words})).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining(text),
    })
  })

  it.each(['', 'raid/models', '/raid/../etc', '/a\u0000b'])('to the folder %j is refused', async (path) => {
    await expect(run(importWorld([found('a')]), one('ivory/a', {wishes: {path}}))).rejects.toMatchObject({
      code: 'USAGE',
    })
  })

  it.each(['../x', 'A', '', 'x'.repeat(64), '-rf'])('under the name %j is refused', async (name) => {
    await expect(run(importWorld([found('a')]), one('ivory/a', {wishes: {name}}))).rejects.toMatchObject({
      code: 'USAGE',
    })
  })
})

describe('an import for some or all namespaces', () => {
  it('into a namespace is for that one', async () => {
    const world = importWorld([found('a')], {namespace: 'team'})

    await run(world, one('ivory/a', {scope: 'namespace'}))

    expect(await world.catalog.models.get('a')).toMatchObject({namespace: 'team'})
    await expect(run(world, one('ivory/a', {scope: 'cluster', namespace: 'x'}))).rejects.toMatchObject({code: 'USAGE'})
  })

  it.each([
    ['for all namespaces', 'namespace', 'cluster'],
    ['for one namespace', 'cluster', 'namespace'],
  ] as const)('%s does not take one of the other scope for it', async (_, before, scope) => {
    const world = importWorld([found('a')], {namespace: 'team'})
    await run(world, one('ivory/a', {scope: before}))

    await expect(run(world, one('ivory/a', {scope}))).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('namespace: '),
    })
  })
})

describe('an import of a closed model', () => {
  const gated = {access: 'gated' as const, terms: 'https://hub.example/ivory/g'}

  it('makes the Secret that the nodes need, once', async () => {
    const world = importWorld([found('g', gated)], {token: 'hf_secret_1'})

    await run(world, one('ivory/g'))

    expect(world.secrets).toEqual(new Map([['hf-token', 'hf_secret_1']]))
    expect(await world.catalog.models.get('g')).toMatchObject({secret: 'hf-token'})
    expect(notices.join('\n')).toContain('Secret hf-token, with the token of $HF_TOKEN')
    expect(notices.join('\n')).not.toContain('hf_secret_1')
  })

  it('leaves a Secret that is there as it is', async () => {
    const world = importWorld([found('g', gated)], {token: 'hf_secret_1'})
    world.secrets.set('hf-token', 'older')

    await run(world, one('ivory/g'))

    expect(world.secrets.get('hf-token')).toBe('older')
  })

  it('is refused where no token can be had, and where the files cannot be read', async () => {
    await expect(run(importWorld([found('g', gated)]), one('ivory/g'))).rejects.toMatchObject({code: 'UNAUTHORIZED'})
    const closed = importWorld([found('g', {...gated, readable: false})], {token: 'hf_secret_1'})
    await expect(run(closed, one('ivory/g'))).rejects.toMatchObject({
      code: 'FORBIDDEN',
      hint: expect.stringContaining(gated.terms),
    })
    expect(closed.secrets.size).toBe(0)
  })

  it('hands no token over for an open one', async () => {
    const world = importWorld([found('a')], {token: 'hf_secret_1'})

    await run(world, one('ivory/a'))

    expect(world.secrets.size).toBe(0)
  })
})

describe('an import of many', () => {
  const list = (text: string) => {
    const file = join(dir, 'models.txt')
    writeFileSync(file, text)
    return {words: {file}}
  }

  it('from a file takes a name a line, with comments', async () => {
    const world = importWorld([found('a'), found('b')])
    const text = '\uFEFF# ours\r\nivory/a   # first\r\n\r\nhf://ivory/b\nivory/a\n'

    expect((await run(world, list(text)))?.models.map(({name}) => name)).toEqual(['a', 'b'])
    expect(notices.join('\n')).toContain('2 models, 29.8Gi: 2 to create')
  })

  it('of one that is written in two ways makes it once', async () => {
    const resolve = async (ref: string) => found(ref.includes('ivory/b') ? 'b' : 'a')
    const world = importWorld([], {source: {resolve}})

    const made = await run(world, list('ivory/a\nivory/b\nhf://ivory/a\nIvory/A\n'))

    expect(made?.models.map(({name}) => name)).toEqual(['a', 'b'])
  })

  it('by a pattern that means more than are looked at is refused, not cut off', async () => {
    const many = Array.from({length: 501}, (_, index) => found(`m${index}`))
    const world = importWorld(many)

    await expect(run(world, {words: {vendor: 'ivory', pattern: 'm*'}})).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining('more than 500'),
    })
  })

  it('from a file with mistakes tells all of them, with their lines, and creates nothing', async () => {
    const world = importWorld([found('a'), found('g', {access: 'gated', readable: false})])

    const failure = run(world, list('ivory/a\nivory/none\n\nivory/g\n'))

    await expect(failure).rejects.toMatchObject({code: 'MANIFEST_INVALID'})
    await expect(failure).rejects.toThrow(/models\.txt:2: .*none[\s\S]*models\.txt:4: .*terms/)
    expect(await world.catalog.models.list()).toEqual([])
  })

  it('refuses two that would have one name', async () => {
    const world = importWorld([found('A.b'), found('a-b')])

    await expect(run(world, list('ivory/A.b\nivory/a-b\n'))).rejects.toThrow("both be called 'a-b'")
  })

  it('by pattern leaves out those that may not be read, and says so', async () => {
    const closed = found('Llama-2', {access: 'gated', readable: false})
    const world = importWorld([found('Llama-1'), closed, found('Qwen-1')])

    const made = await run(world, {words: {vendor: 'ivory', pattern: 'Llama-*'}})

    expect(made?.models.map(({name}) => name)).toEqual(['llama-1'])
    expect(made?.skipped).toMatchObject([{ref: 'hf://ivory/Llama-2'}])
    await expect(run(world, {words: {vendor: 'ivory', pattern: 'Gemma*'}})).rejects.toMatchObject({code: 'NOT_FOUND'})
  })

  it('in which some fail is PARTIAL, and the others are done', async () => {
    const world = importWorld([found('a'), found('b')])
    const {create} = world.catalog.models
    Object.assign(world.catalog.models, {
      create: async (spec: Parameters<typeof create>[0]) => {
        if (spec.name === 'a') throw new OmniError('FORBIDDEN', 'not allowed')
        return create(spec)
      },
    })

    await expect(run(world, list('ivory/a\nivory/b\n'))).rejects.toMatchObject({
      code: 'PARTIAL',
      details: {done: ['b']},
    })
  })
})

describe('a download', () => {
  it('fetches the pinned revision, and each of several into a folder of its own', async () => {
    const calls: [string, string][] = []
    const download = async (ref: string, folder: string, _options?: DownloadOptions) => {
      calls.push([ref, folder])
      return {folder, revision: 'c0ffee', files: 1, bytes: 5, fetchedBytes: 5, repairedChunks: 0}
    }
    const world = importWorld([found('a'), found('b')], {source: {download}})
    const file = join(dir, 'models.txt')
    writeFileSync(file, 'ivory/a\nivory/b\n')

    const made = await run(world, {words: {file}, create: false, download: dir})
    await run(world, one('ivory/a', {create: false, download: dir}))

    expect(calls).toEqual([
      ['hf://ivory/a@c0ffee', join(dir, 'a')],
      ['hf://ivory/b@c0ffee', join(dir, 'b')],
      ['hf://ivory/a@c0ffee', dir],
    ])
    expect(made?.models).toMatchObject([{action: 'downloaded'}, {action: 'downloaded'}])
    expect(await world.catalog.models.list()).toEqual([])
    expect(asked).toBe(0)
  })

  it('of a model that is there already does not ask', async () => {
    const download = async (_: string, folder: string) => ({
      ...{folder, revision: 'c0ffee', files: 1, bytes: 5, fetchedBytes: 5, repairedChunks: 0},
    })
    const world = importWorld([found('a')], {source: {download}})
    await run(world, one('ivory/a'))

    await run(world, one('ivory/a', {download: dir}))

    expect(asked).toBe(1)
  })

  it('that fails after the model was created says that it was', async () => {
    const download = () => Promise.reject(new OmniError('IO', 'the disk is full'))
    const world = importWorld([found('a')], {source: {download}})

    await expect(run(world, one('ivory/a', {download: dir}))).rejects.toMatchObject({
      code: 'IO',
      message: 'the model is created, and its files are not fetched: the disk is full',
    })
    expect(await world.catalog.models.get('a')).toBeDefined()
  })

  it('that creates nothing and fetches nothing is refused', async () => {
    await expect(run(importWorld([found('a')]), one('ivory/a', {create: false}))).rejects.toMatchObject({code: 'USAGE'})
  })
})
