/**
 * `omni get services` with 200 InferenceServices and `omni get models` with 207 models, beside `kubectl get` of the same
 * objects on the same API server, and the most memory that a list of 1,000 takes:
 * `OMNI_TEST_KUBECONFIG=… node bench/cluster-get.ts [--json] [--rounds 9]`, about 2 min.
 */
import {readFileSync, rmSync} from 'node:fs'
import {join} from 'node:path'
import {parseArgs} from 'node:util'
import {median, OMNI_BIN, report, runProgram, timed} from './apps/home.ts'
import {createServingBench} from './apps/serving.ts'

const {values} = parseArgs({options: {json: {type: 'boolean'}, rounds: {type: 'string', default: '9'}}})
const [services, models, many] = [200, 207, 1000]

await using bench = await createServingBench()
await bench.addModels(models)
await bench.addServices(0, services, {workloads: true})
const times: Record<'services' | 'isvc' | 'models' | 'cbm', number[]> = {services: [], isvc: [], models: [], cbm: []}
for (let round = -1; round < Number(values.rounds); round++) {
  const measured = {
    services: await timed(() => bench.home.omni('get', 'services')),
    isvc: await timed(() => bench.kubectl('get', 'inferenceservices.ome.io')),
    models: await timed(() => bench.home.omni('get', 'models')),
    cbm: await timed(() => bench.kubectl('get', 'clusterbasemodels.ome.io')),
  }
  // The first round fills the caches.
  if (round < 0) continue
  for (const name of ['services', 'isvc', 'models', 'cbm'] as const) times[name].push(measured[name])
}
await bench.addServices(services, many)
const megabytes = await peakMegabytes('get', 'services')
const [ours, theirs] = [median(times.services), median(times.isvc)]
const [oursOfModels, theirsOfModels] = [median(times.models), median(times.cbm)]
report(`lists of a cluster with OME, ${values.rounds} rounds`, [
  {name: `omni get services, ${services}`, value: ours, unit: 'ms'},
  {name: `kubectl get inferenceservices, ${services}`, value: theirs, unit: 'ms'},
  {name: 'omni / kubectl', value: ours / theirs, unit: '×', wanted: '<= 1.5', met: ours / theirs <= 1.5},
  {name: `omni get models, ${models}`, value: oursOfModels, unit: 'ms'},
  {name: `kubectl get clusterbasemodels, ${models}`, value: theirsOfModels, unit: 'ms'},
  {
    name: 'omni / kubectl',
    value: oursOfModels / theirsOfModels,
    unit: '×',
    wanted: '<= 1.5',
    met: oursOfModels / theirsOfModels <= 1.5,
  },
  {
    name: `omni get services, ${many}: most memory`,
    value: megabytes,
    unit: 'MB',
    wanted: '< 250',
    met: megabytes < 250,
  },
])

/** The largest resident set of the program, told by itself when it ends. */
async function peakMegabytes(...args: string[]): Promise<number> {
  const [hook, file] = [join(bench.home.folder, 'hook.cjs'), join(bench.home.folder, 'peak')]
  bench.home.write(
    'hook.cjs',
    `process.on('exit', () => require('node:fs').appendFileSync(${JSON.stringify(file)}, process.resourceUsage().maxRSS + '\\n'))`,
  )
  const env = {...bench.env, NODE_OPTIONS: `--require ${hook}`}
  await runProgram([process.execPath, OMNI_BIN, ...args], env)
  const kilobytes = readFileSync(file, 'utf8').trim().split('\n').map(Number)
  rmSync(file)
  return Math.max(...kilobytes) / 1000
}
