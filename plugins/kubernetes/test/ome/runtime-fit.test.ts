import type {Model, ModelRuntime, RuntimeCandidate} from '@omni-cli/sdk'
import {describe, expect, it} from 'vitest'
import {flagCount, flagValue, programOf, servedNameOf} from '../../src/ome/arguments.ts'
import {choiceWarnings, foreignName, recommend} from '../../src/ome/recommend.ts'
import {runnersOf} from '../../src/ome/runner.ts'
import {type DevicePool, runtimeFit} from '../../src/ome/runtime-fit.ts'

const GiB = 1024 ** 3
const seventy = {size: '70B'}
const pool = (frees: readonly number[], more: Partial<DevicePool> = {}): DevicePool => ({
  ...{name: 'h100', gpuMemoryBytes: 80 * GiB},
  nodes: frees.map((free, index) => ({name: `n${index + 1}`, free, total: 8})),
  ...more,
})
const use = (gpus: number, words: readonly string[] = [], nodes = 1) => ({
  gpus,
  nodes,
  program: programOf({command: ['vllm', ...words]}),
})

describe('a runtime on the devices of a cluster', () => {
  it('takes the class that it fits on best', () => {
    const pools = [pool([8], {name: 'small', gpuMemoryBytes: 16 * GiB}), pool([8])]

    expect(runtimeFit(seventy, {}, use(4), pools)).toMatchObject({
      verdict: 'fits',
      gpus: 4,
      availableBytes: 4 * 80 * GiB * 0.9,
    })
  })

  it('of several pods each node must have its devices', () => {
    expect(runtimeFit(seventy, {}, use(4, [], 2), [pool([4, 4])]).verdict).toBe('fits')
    expect(runtimeFit(seventy, {}, use(4, [], 2), [pool([8, 2])])).toMatchObject({
      verdict: 'no',
      reason: expect.stringContaining('needs 4 devices on each of 2 nodes'),
    })
  })

  it('reads how the server splits and how much it takes', () => {
    expect(runtimeFit(seventy, {}, use(4, ['--tensor-parallel-size', '1']), [pool([8])]).verdict).toBe('no')
    expect(
      runtimeFit(seventy, {}, use(4, ['--tensor-parallel-size=1', '--enable-expert-parallel']), [pool([8])]).verdict,
    ).toBe('fits')
    expect(runtimeFit(seventy, {}, use(4, ['--gpu-memory-utilization=0.5']), [pool([8])]).availableBytes).toBe(
      160 * GiB,
    )
    const half = runtimeFit(seventy, {}, use(4, ['--kv-cache-dtype=fp8_e5m2']), [pool([8])])
    expect(half.verdict).toBe('fits')
  })

  it('vLLM must hold one sequence of its longest context, or it does not start', () => {
    const wide = {...seventy, maxTokens: 131_072}
    const two = [pool([2])]

    expect(runtimeFit(wide, {contextTokens: 1024}, use(2, ['--max-model-len=1024']), two).reason).not.toContain(
      'starts',
    )
    expect(runtimeFit({...wide, size: '60B'}, {contextTokens: 1024}, use(2), two)).toMatchObject({
      verdict: 'tight',
      reason: expect.stringMatching(/only starts when 131072 tokens fit, and \d+ do/),
    })
    expect(
      runtimeFit({...wide, size: '60B'}, {contextTokens: 1024}, use(2, ['--max-model-len', '4096']), two).verdict,
    ).toBe('fits')
  })

  it('what is not known is said', () => {
    expect(runtimeFit(seventy, {}, use(0), [pool([8])])).toMatchObject({
      verdict: 'unknown',
      reason: 'the runtime asks for no devices',
    })
    expect(runtimeFit(seventy, {}, use(4), undefined).verdict).toBe('unknown')
    expect(runtimeFit(seventy, {}, use(4), [])).toMatchObject({
      verdict: 'no',
      reason: expect.stringContaining('no node has any'),
    })
    expect(runtimeFit(seventy, {}, use(4), [pool([8], {gpuMemoryBytes: undefined})])).toMatchObject({
      verdict: 'unknown',
      reason: expect.stringContaining('is not told'),
    })
    expect(runtimeFit(seventy, {}, use(4), [pool([0])]).reason).toContain('none is free')
  })
})

describe('arguments', () => {
  it.each([
    [{command: ['x', '--tp-size', '4']}, 4],
    [{args: ['--tensor-parallel-size=8']}, 8],
    [{command: ['sh', '-c'], args: ['exec python3 -m sglang.launch_server \\\n --tp 2 --port 80']}, 2],
    [{command: ['x', '--tp-size', '$(PARALLELISM_SIZE)']}, undefined],
    [{command: ['x', '--tp-size']}, undefined],
    [{}, undefined],
  ])('%j are split over %s', (container, size) => {
    expect(flagCount(programOf(container), 'tensorParallel')).toBe(size)
  })

  it('the served name comes from the arguments or the environment', () => {
    const env = [{name: 'SERVED_MODEL_NAME', value: 'vllm-model'}]

    expect(servedNameOf(programOf({args: ['--served-model-name', 'pine'], env}))).toBe('pine')
    expect(servedNameOf(programOf({args: ['--served-model-name', '$(SERVED_MODEL_NAME)'], env}))).toBe('vllm-model')
    expect(servedNameOf(programOf({args: ['--served-model-name=$(NAME)']}))).toBeUndefined()
    expect(servedNameOf(programOf({args: ['--served-model-name={{.Name}}']}))).toBeUndefined()
    expect(flagValue(programOf({args: ['--enable-metrics']}), 'servedName')).toBeUndefined()
  })

  it.each([
    [{image: 'lmsysorg/sglang:v1'}, 'sglang'],
    [{image: 'mirror/x:1', command: ['python3', '-m', 'vllm.entrypoints.openai.api_server']}, 'vllm'],
    [{image: 'triton:1'}, undefined],
  ])('%j is %s', (container, engine) => {
    expect(programOf(container).engine).toBe(engine)
  })

  it('the leader serves, and workers are pods of the same replica', () => {
    const leader = {runner: {image: 'a'}}

    expect(
      runnersOf({engineConfig: {leader, worker: {size: 3, runner: {image: 'b'}}}, routerConfig: {}}),
    ).toMatchObject({
      ...{main: {image: 'a'}, nodes: 4, components: ['engine', 'router', 'multi-node']},
    })
    expect(runnersOf({containers: [{image: 'c'}]})).toMatchObject({main: {image: 'c'}, nodes: 1, components: []})
    expect(runnersOf(undefined)).toMatchObject({main: undefined, nodes: 1})
  })
})

describe('recommendations', () => {
  const model: Model = {
    name: 'pine-70b',
    source: 'hf://forest/Pine-70B@main',
    displayName: 'forest.Pine-70B',
    status: 'ready',
    size: '70B',
    format: {name: 's'},
  }
  const candidate = (name: string, verdict: 'fits' | 'no', more: Partial<ModelRuntime> = {}): RuntimeCandidate => ({
    runtime: {name, image: 'x', architectures: [], enabled: true, gpus: 4, tensorParallel: 4, ...more},
    ...{score: 2, compatible: true, fit: {verdict, reason: verdict}},
  })

  it('of those that fit the one that is made for the model', () => {
    const foreign = candidate('a', 'fits', {servedModelName: 'forest/Oak-70B', sizeRange: {min: '60B', max: '75B'}})
    const own = candidate('b', 'fits', {servedModelName: 'forest/Pine-70B', sizeRange: {min: '60B', max: '75B'}})

    expect(recommend(model, [foreign, candidate('c', 'fits'), own], foreign)).toMatchObject({
      name: 'b',
      reason: expect.stringContaining("answers to the name 'forest/Oak-70B'"),
    })
    expect(recommend(model, [candidate('a', 'no'), candidate('b', 'fits')], candidate('a', 'no'))?.name).toBe('b')
    expect(recommend(model, [], undefined)).toBeUndefined()
  })

  it.each([
    ['vllm-model', undefined],
    ['forest/Pine-70B', undefined],
    ['pine-70b', undefined],
    ['forest/Oak-70B', 'forest/Oak-70B'],
    [undefined, undefined],
  ])('the wired name %s is of another model: %s', (servedModelName, foreign) => {
    expect(foreignName({name: 'r', image: '', architectures: [], enabled: true, servedModelName}, model)).toBe(foreign)
  })

  it('ties, missing sizes and formats, and splits are told', () => {
    const two = [candidate('a', 'no', {tensorParallel: 1}), candidate('b', 'fits')]
    const bare = {...model, size: undefined, format: undefined, disabled: true}

    expect(choiceWarnings(bare, two, two[0]).join(' ')).toMatch(
      /is disabled.*format of 'pine-70b'.*no size.*2 runtimes have the same score.*would pick 'a'.*asks for 4 devices and splits the model over 1/,
    )
    expect(choiceWarnings(model, [candidate('a', 'fits')], candidate('a', 'fits'))).toEqual([])
  })
})
