import type {Accelerator, RuntimeSuggestion} from '@omni-cli/sdk'
import type {ItemView} from '@omni-cli/sdk/cli'
import {createMemoryCatalog, createMemorySource} from '@omni-cli/testkit'
import {describe, expect, test} from 'vitest'
import {acceleratorsView, availableView, listAccelerators, usageView} from '../../src/models/accelerators.ts'
import {alignedLines} from '../../src/models/columns.ts'
import {fitModel} from '../../src/models/fit.ts'
import {fitView} from '../../src/models/fit-view.ts'
import {suggestRuntime} from '../../src/models/suggest.ts'
import {suggestionView} from '../../src/models/suggest-view.ts'
import {catalogSession, plain} from './catalog-session.ts'

const shown = <T>(view: unknown): string => {
  const item = view as ItemView<T>
  return plain(item.text(item.data))
}

const runtime = {
  name: 'vllm-pine',
  image: 'x',
  architectures: [],
  enabled: true,
  gpus: 4,
  memoryBytes: 2 ** 37,
  engine: 'vllm',
}
const answer: RuntimeSuggestion = {
  model: {name: 'pine', source: 'hf://forest/pine', status: 'ready'},
  selected: {
    runtime: {...runtime, name: 'srt-pine'},
    score: 2,
    compatible: true,
    fit: {verdict: 'no', reason: 'too big'},
  },
  candidates: [
    {runtime: {...runtime, name: 'srt-pine'}, score: 2, compatible: true, fit: {verdict: 'no', reason: 'too big'}},
    {runtime, compatible: true, fit: {verdict: 'fits', reason: 'there is room', longestContext: 8192}},
  ],
  recommended: {name: 'vllm-pine', reason: 'there is room'},
  excluded: [{name: 'oak\u001b[31m', reason: 'size out of range'}],
  warnings: ['2 runtimes have the same score'],
}

describe('runtime suggest', () => {
  test('shows what is recommended, what the operator picks, and why others are not', () => {
    const text = shown(suggestionView(answer, true))

    expect(text).toMatch(/recommended +vllm-pine/)
    expect(text).toMatch(/resources +4 GPUs, 128Gi memory, vllm/)
    expect(text).toMatch(/operator picks srt-pine/)
    expect(text).toMatch(/srt-pine +operator's +2 +4 +no/)
    expect(text).toMatch(/vllm-pine +best +- +4 +fits +8192/)
    expect(text).toContain('size out of range')
    expect(text).toContain('! 2 runtimes have the same score')
    expect(text).not.toContain('\u001b')
  })

  test('without --all the excluded ones are only counted', () => {
    const text = shown(suggestionView(answer, false))

    expect(text).toContain('1 other runtimes are excluded; --all tells why')
    expect(text).not.toContain('size out of range')
  })

  test('no runtime: the operator’s words, and exit status 9', () => {
    const error = 'no runtime found to support model x. Checked 1 runtimes. Excluded runtimes: oak (…)'
    const none = suggestionView({...answer, candidates: [], recommended: undefined, selected: undefined, error}, false)

    expect(none).toMatchObject({exitCode: 9})
    expect(shown(none)).toContain('no runtime found to support model x. Checked 1 runtimes\n')
  })

  test('asks the catalogue; a model that is not there is NOT_FOUND', async () => {
    const catalog = createMemoryCatalog()
    await catalog.models.create({name: 'pine', source: 'hf://forest/pine', architecture: 'Pine'})
    await catalog.runtimes.create({name: 'rt', image: 'x', architectures: ['Pine']})
    using session = catalogSession(catalog)

    expect((await suggestRuntime(session, 'pine', {})).recommended?.name).toBe('rt')
    await expect(suggestRuntime(session, 'oak', {})).rejects.toMatchObject({code: 'NOT_FOUND'})
    using bare = catalogSession({...catalog, selection: undefined})
    await expect(suggestRuntime(bare, 'pine', {})).rejects.toMatchObject({code: 'UNSUPPORTED'})
  })
})

describe('fit', () => {
  const catalog = createMemoryCatalog()
  const seen: unknown[] = []
  const counted = {
    ...catalog,
    selection: {
      suggest: async () => answer,
      fit: async (subject: unknown) => {
        seen.push(subject)
        return [
          {
            accelerator: 'h100',
            gpuMemoryBytes: 2 ** 36,
            fit: {verdict: 'fits', reason: 'there is room', gpus: 2, batch: 4, contextTokens: 8192} as const,
          },
        ]
      },
    },
  }

  test('of a model of the catalogue and of a reference', async () => {
    await catalog.models.create({name: 'pine', source: 'hf://forest/pine', size: '7B'})
    const source = createMemorySource([{ref: 'mem://oak', revision: '1', size: '70B', quantization: 'fp8'}])
    using session = catalogSession(counted, [new Error('broken'), source])

    expect(await fitModel(session, 'pine', {})).toMatchObject({model: 'pine', size: '7B'})
    const found = await fitModel(session, 'mem://oak', {quantization: 'int4'})
    expect(found).toMatchObject({model: 'mem://oak', size: '70B', quantization: 'int4'})
    expect(seen).toMatchObject([{name: 'pine'}, {ref: 'mem://oak'}])
    expect(shown(fitView(found))).toMatch(/2 × 64Gi h100 +fits +- +- +- +8192 +- +there is room/)
    expect(shown(fitView(found))).toContain('of each of 4 sequences at once')
  })

  test('of what is not there, and of a scheme that nobody resolves', async () => {
    using session = catalogSession(counted, [createMemorySource([{ref: 'mem://oak', revision: '1'}])])

    await expect(fitModel(session, 'elm', {})).rejects.toMatchObject({code: 'NOT_FOUND'})
    await expect(fitModel(session, 'ftp://elm', {})).rejects.toMatchObject({code: 'UNSUPPORTED'})
    await expect(fitModel(session, 'mem://elm', {})).rejects.toMatchObject({code: 'NOT_FOUND'})
  })
})

describe('accelerators', () => {
  const device = (name: string, used: number, largestFree: number): Accelerator => ({
    ...{name, nodes: ['n1'], total: 8, used, free: 8 - used, largestFree, declared: true, perHour: 2.5},
  })
  const rows = [device('a', 8, 0), device('b', 4, 2), device('c', 2, 6)]
  const names = async (view: {rows: readonly {name: string}[] | AsyncIterable<{name: string}>}) =>
    (await Array.fromAsync(view.rows)).map(({name}) => name)

  test('are listed, the free ones by the most on one node, the used ones fullest first', async () => {
    using session = catalogSession(createMemoryCatalog(rows))
    const found = await listAccelerators(session, {})

    expect(await names(acceleratorsView(found))).toEqual(['a', 'b', 'c'])
    expect(await names(availableView(found))).toEqual(['c', 'b'])
    expect(await names(usageView(found))).toEqual(['a', 'b', 'c'])
    expect(usageView(found).columns.map((column) => column.value(device('b', 4, 2)))).toEqual([
      'b',
      '4 of 8',
      '50 %',
      4,
      2,
      '10.00',
      'n1',
    ])
    expect(availableView([device('a', 8, 0)]).empty).toBe('no device is free')
  })
})

test('columns are aligned by what is shown', () => {
  expect(
    plain(
      alignedLines(
        ['A', 'BB'],
        [
          ['long', 'x'],
          ['s', ['y', 'good']],
        ],
      ),
    ),
  ).toBe('A     BB\nlong  x\ns     y')
})
