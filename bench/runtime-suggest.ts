/**
 * The choice of a runtime and the fit of 119 models beside 203 runtimes, in one process, beside `node -e 0`:
 * `node bench/runtime-suggest.ts [--json]`, about 5 s. With OMNI_TEST_FIXTURES the catalogue of OME itself, else one of the same size.
 */
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {build} from 'rolldown'
import {median, report, runProgram, timed} from './apps/home.ts'

const ROUNDS = 11
const WANTED_MS = 300
const [MODELS, RUNTIMES] = [119, 203]

interface Catalogue {
  readonly models: readonly {readonly name: string; readonly spec: unknown}[]
  readonly runtimes: readonly {readonly metadata: {readonly name: string}; readonly spec: unknown}[]
}

const folder = mkdtempSync(join(tmpdir(), 'omni-suggest-'))
try {
  const file = join(folder, 'catalogue.json')
  writeFileSync(file, JSON.stringify(readCatalogue(process.env.OMNI_TEST_FIXTURES)))
  const source = join(folder, 'source.mjs')
  writeFileSync(source, workText(file))
  const work = join(folder, 'work.mjs')
  // As the program ships: one file with what it needs.
  await build({input: source, platform: 'node', output: {file: work, format: 'esm', codeSplitting: false}})
  const env = {PATH: process.env.PATH, HOME: folder, NODE_COMPILE_CACHE: join(folder, 'cache')}
  const answered = JSON.parse(await runProgram([process.execPath, work], env))
  if (answered.models !== MODELS || answered.looked !== MODELS * RUNTIMES) throw new Error(JSON.stringify(answered))
  const times: Record<'node' | 'suggest', number[]> = {node: [], suggest: []}
  for (let round = 0; round < ROUNDS; round++) {
    times.node.push(await timed(() => runProgram([process.execPath, '-e', '0'], env)))
    times.suggest.push(await timed(() => runProgram([process.execPath, work], env)))
  }
  const node = median(times.node)
  const over = median(times.suggest) - node
  report(`runtimes for ${MODELS} models out of ${RUNTIMES}, ${ROUNDS} rounds`, [
    {name: 'node -e 0', value: node, unit: 'ms'},
    {name: 'all suggestions, over node', value: over, unit: 'ms', wanted: `<= ${WANTED_MS}`, met: over <= WANTED_MS},
    {name: 'models with a runtime', value: answered.selected, unit: ''},
  ])
} finally {
  rmSync(folder, {recursive: true, force: true})
}

/** Reads the catalogue, answers for each model, tells what it did. */
function workText(file: string): string {
  const module = (path: string) => JSON.stringify(join(import.meta.dirname, '../plugins/kubernetes/dist', path))
  return `
import {readFileSync} from 'node:fs'
import {rulesOf, suggestion} from ${module('provider/catalog/suggest.js')}
import {modelOf} from ${module('provider/catalog/model-map.js')}
const read = JSON.parse(readFileSync(${JSON.stringify(file)}, 'utf8'))
const [models, runtimes] = [read.models, rulesOf(read.runtimes)]
const pools = [{name: 'h100', gpuMemoryBytes: 80 * 2 ** 30, nodes: [{name: 'n1', free: 8, total: 8}]}]
let [selected, looked] = [0, 0]
for (const {name, spec} of models) {
  const model = modelOf({apiVersion: 'ome.io/v1beta1', kind: 'ClusterBaseModel', metadata: {name}, spec})
  const answer = suggestion({model, modelSpec: spec, runtimes, namespace: 'default', load: {}, pools})
  looked += answer.candidates.length + answer.excluded.length
  if (answer.selected !== undefined) selected++
}
process.stdout.write(JSON.stringify({models: models.length, looked, selected}))
`
}

function readCatalogue(fixtures: string | undefined): Catalogue {
  if (fixtures === undefined) return invented()
  const text = (name: string) => readFileSync(join(fixtures, 'ome-golden', name), 'utf8')
  const input = JSON.parse(text('runtime-selection-input.json'))
  const asked: readonly {readonly model: string; readonly spec: unknown}[] = JSON.parse(text('runtime-selection.json'))
  return {
    models: asked.map(({model, spec}) => ({name: model, spec})),
    runtimes: input.ClusterRuntimes.map(({Name, Spec}: {Name: string; Spec: unknown}) => ({
      metadata: {name: Name},
      spec: Spec,
    })),
  }
}

/** A catalogue of the same size and shape. */
function invented(): Catalogue {
  const signature = (index: number) => ({
    modelFormat: {name: 'safetensors', version: '1.0.0'},
    modelFramework: {name: 'transformers', version: `4.${30 + (index % 28)}.0`},
    modelArchitecture: `Tree${index % 40}ForCausalLM`,
  })
  const runner = (gpus: number) => ({
    name: 'ome-container',
    image: 'registry.example/sglang:v1',
    command: ['python3', '-m', 'sglang.launch_server', '--tp-size', String(gpus)],
    resources: {limits: {cpu: '10', memory: '160Gi', 'nvidia.com/gpu': String(gpus)}},
  })
  return {
    models: Array.from({length: MODELS}, (_, index) => ({
      name: `model-${index}`,
      spec: {...signature(index), modelParameterSize: `${1 + (index % 90)}B`},
    })),
    runtimes: Array.from({length: RUNTIMES}, (_, index) => ({
      metadata: {name: `runtime-${index}`},
      spec: {
        supportedModelFormats: [{...signature(index), autoSelect: index % 2 === 0, priority: 1}],
        ...(index % 10 === 0 ? {} : {modelSizeRange: {min: '1B', max: '100B'}}),
        engineConfig: {runner: runner(2 ** (index % 4))},
      },
    })),
  }
}
