import type {ResolvedModel} from '@omni-cli/sdk'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {safetensors, textContent} from './hub/content.ts'
import {startFakeHub} from './hub/fake-hub.ts'
import type {FakeHub, FakeRepo, FakeSource} from './hub/types.ts'
import {openSource} from './open-source.ts'

let hub: FakeHub
beforeEach(async () => {
  hub = await startFakeHub()
})
afterEach(() => hub[Symbol.asyncDispose]())

const CONFIG = {
  ...{
    model_type: 'llama',
    architectures: ['LlamaForCausalLM'],
    torch_dtype: 'bfloat16',
    transformers_version: '4.45.0',
  },
  ...{hidden_size: 64, num_hidden_layers: 2, num_attention_heads: 4, intermediate_size: 128, vocab_size: 1000},
  max_position_embeddings: 8192,
}
/** 2 × 64,000 and 2 × 40,960 and 40,960. */
const TENSORS = {'embed.weight': [1000, 64], 'head.weight': [1000, 64], 'layers.0': [2, 40_960], 'norm.scale': []}

const config = (more: object = {}) => JSON.stringify({...CONFIG, ...more})
const weights = (tensors: Readonly<Record<string, readonly number[]>> = TENSORS) => textContent(safetensors(tensors))

async function resolve(
  files: Readonly<Record<string, FakeSource>>,
  more: Partial<FakeRepo> = {},
): Promise<ResolvedModel> {
  hub.add('ivory/one', files, more)
  return (await openSource(hub)).resolve('hf://ivory/one')
}

const remarks = async (files: Readonly<Record<string, FakeSource>>, more: Partial<FakeRepo> = {}) =>
  (await resolve(files, more)).warnings?.join('\n')

describe('a model', () => {
  it('is told with all that its files say, pinned to its commit', async () => {
    const found = await resolve(
      {'config.json': config(), 'model.safetensors': weights()},
      {info: {cardData: {license: 'mit'}, downloads: 7}},
    )
    const commit = hub.repos.get('ivory/one')?.commit

    expect(found).toMatchObject({
      ...{ref: 'hf://ivory/one', revision: commit, pinned: `hf://ivory/one@${commit}`, modelType: 'llama'},
      ...{architecture: 'LlamaForCausalLM', parameters: 209_920, size: '209.9K', maxTokens: 8192, vendor: 'ivory'},
      ...{capabilities: ['TEXT_TO_TEXT'], license: 'mit', access: 'open', readable: true, downloads: 7, warnings: []},
      format: {name: 'safetensors', version: '1.0.0'},
      framework: {name: 'transformers', version: '4.45.0'},
    })
  })

  it('in shards has the parameters of those that its index names', async () => {
    const index = JSON.stringify({
      metadata: {total_size: 1},
      weight_map: {a: 's/1.safetensors', b: '2.safetensors', c: '2.safetensors'},
    })
    const found = await resolve({
      ...{'config.json': config(), 'model.safetensors.index.json': index},
      ...{'s/1.safetensors': weights({a: [1000, 64]}), '2.safetensors': weights({b: [1000, 64], c: [81_920]})},
      'other.safetensors': weights(),
    })

    expect(found.parameters).toBe(209_920)
    expect(found.warnings?.join('\n')).toContain("the index does not name 'other.safetensors'")
  })

  it('with a header that is longer than the first look is counted', async () => {
    const many = Object.fromEntries(Array.from({length: 4000}, (_, i) => [`layers.${i}.weight`, [10]]))

    expect((await resolve({'config.json': config(), 'model.safetensors': weights(many)})).parameters).toBe(40_000)
  })

  it('of diffusers is read by its parts', async () => {
    const index = {
      _class_name: 'IvoryPipeline',
      _diffusers_version: '0.34.0',
      vae: ['diffusers', 'A'],
      extra: ['x', 'B'],
    }
    const part = {content: weights({a: [10]})}
    const found = await resolve({
      'model_index.json': JSON.stringify(index),
      ...Object.fromEntries(
        ['text_encoder', 'unet', 'vae', 'extra'].map((name) => [`${name}/m.safetensors`, part.content]),
      ),
    })

    expect(found).toMatchObject({
      ...{modelType: 'diffusers', architecture: 'IvoryPipeline', parameters: 40, capabilities: ['TEXT_TO_IMAGE']},
      framework: {name: 'diffusers', version: '0.34.0'},
    })
  })

  it('of type mistral that writes texts is written down as such', async () => {
    const found = await resolve({'config.json': config({model_type: 'mistral', architectures: ['MistralForCausalLM']})})

    expect(found.capabilities).toEqual(['TEXT_TO_TEXT'])
    expect(found.warnings?.join('\n')).toContain('would take it for EMBEDDING')
  })

  it('that was renamed is followed, and the new name told', async () => {
    hub.add('ivory/new', {'config.json': config(), 'model.safetensors': weights()})
    const found = await resolve({}, {renamedTo: 'ivory/new'})

    expect(found.ref).toBe('hf://ivory/new')
    expect(found.warnings).toEqual(["'ivory/one' is called 'ivory/new' now"])
  })

  it.each([
    'ivory/one',
    'hf://ivory/one@main',
    'https://huggingface.co/ivory/one',
    'https://huggingface.co/ivory/one/tree/main',
  ])('is found as %s', async (ref) => {
    hub.add('ivory/one', {'config.json': config()})

    expect((await (await openSource(hub)).resolve(ref)).pinned).toMatch(/^hf:\/\/ivory\/one@[0-9a-f]{40}$/)
  })
})

describe('a model with weights that cannot be', () => {
  it.each([
    ['empty', Buffer.alloc(0)],
    ['of a header below zero', Buffer.alloc(64, 0xff)],
    ['of more parameters than there can be', safetensors({a: Array.from({length: 60}, () => 2 ** 50)})],
  ])('with a file of safetensors that is %s is not counted', async (_, file) => {
    const found = await resolve({'config.json': config(), 'model.safetensors': textContent(file)})

    expect(found.warnings?.join('\n')).toContain('parameters are not counted')
    expect(found.size).toBeUndefined()
  })
})

describe('a model with something odd', () => {
  it.each<[string, Readonly<Record<string, FakeSource>>, string]>([
    ['no config', {'model.safetensors': weights()}, 'there is no config.json'],
    ['a config without a type', {'config.json': '{}'}, 'has no model_type'],
    ['a config that is no JSON', {'config.json': 'model_type: llama'}, 'holds no JSON object'],
    [
      'a config that lies',
      {'config.json': config({num_hidden_layers: 900}), 'm.safetensors': weights()},
      'one of them is wrong',
    ],
    ['code of its own', {'config.json': config({auto_map: {AutoModel: 'x.Y'}})}, 'auto_map'],
    ['no architecture', {'config.json': config({architectures: null})}, 'names no architecture'],
    ['a type that the operator does not know', {'config.json': config({model_type: 'ivory'})}, "no loader for 'ivory'"],
    [
      'quantisation that is not written down',
      {'config.json': config({quantization_config: {quant_method: 'awq'}})},
      'awq',
    ],
    ['weights that are pickles', {'config.json': config(), 'pytorch_model.bin': 'x'}, 'pickles'],
    ['GGUF alone', {'config.json': config(), 'model.gguf': 'x'}, 'GGUF'],
    [
      'a pointer instead of its weights',
      {'config.json': config(), 'm.safetensors': 'version https://git-lfs.github.com/spec/v1\n'},
      'pointer of Git LFS',
    ],
    [
      'a pointer instead of its config',
      {'config.json': 'version https://git-lfs.github.com/spec/v1\n'},
      'pointer of Git LFS',
    ],
    [
      'a header without end',
      {'config.json': config(), 'm.safetensors': textContent(Buffer.alloc(64, 0xff))},
      'its header says',
    ],
    [
      'a shard that is not there',
      {'config.json': config(), 'model.safetensors.index.json': '{"weight_map": {"a": "1.safetensors"}}'},
      'not there',
    ],
    ['names that lead out of its folder', {'config.json': config(), '../../evil': 'x'}, 'leads out of its folder'],
  ])('(%s) is told with a remark', async (_, files, remark) => {
    expect(await remarks(files)).toContain(remark)
  })

  it('(a config of 200 MB) is not read', async () => {
    const repo = hub.add('ivory/one', {'config.json': config()})
    repo.files.set('config.json', {content: {size: 200e6, pieces: () => []}, isLarge: true, hash: 'a'.repeat(64)})

    expect((await (await openSource(hub)).resolve('ivory/one')).warnings?.join('\n')).toContain('it is not read')
    expect(hub.requests.filter(({line}) => line.includes('config.json'))).toEqual([])
  })
})

describe('a model that may not be read', () => {
  it('is known by what the hub tells of it', async () => {
    const info = {config: {model_type: 'llama', architectures: ['LlamaForCausalLM']}, safetensors: {total: 8e9}}
    const found = await resolve({'config.json': config(), 'model.safetensors': weights()}, {gated: 'auto', info})

    expect(found).toMatchObject({access: 'gated', readable: false, architecture: 'LlamaForCausalLM', size: '8B'})
    expect(found.terms).toBe(`${hub.url}/ivory/one`)
  })

  it.each<[string, Partial<FakeRepo> | undefined, string | null, string]>([
    ['that is not there', undefined, null, 'NOT_FOUND'],
    ['that is private', {private: true}, null, 'NOT_FOUND'],
    ['with a token that is not valid', {}, 'hf_wrong', 'UNAUTHORIZED'],
    ['with a token that cannot be one', {}, 'two words', 'CONFIG_INVALID'],
    ['that the hub has closed', {info: {disabled: true}}, null, 'FORBIDDEN'],
    ['that is empty', {files: new Map()}, null, 'NOT_FOUND'],
  ])('(one %s) is refused', async (_, more, token, code) => {
    if (more !== undefined) hub.add('ivory/one', {'config.json': config()}, more)

    await expect((await openSource(hub, {token})).resolve('ivory/one')).rejects.toMatchObject({code})
  })

  it.each([
    '',
    'a b',
    '../x',
    'a/b/c',
    'a/..',
    '-rf',
    'a/b@',
    'a/b@../c',
    'x'.repeat(300),
    'a/b\u0000',
    'https://evil.example/a/b',
  ])('(%j) is no name at all', async (ref) => {
    await expect((await openSource(hub)).resolve(ref)).rejects.toMatchObject({code: 'USAGE'})
    expect(hub.requests).toEqual([])
  })

  it('of a revision that is not there is NOT_FOUND', async () => {
    hub.add('ivory/one', {'config.json': config()})

    await expect((await openSource(hub)).resolve('ivory/one@v9')).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining("'v9'"),
    })
  })
})
