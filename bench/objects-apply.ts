/**
 * `omni apply` of 200 Kubernetes objects, new and unchanged, beside `kubectl apply` on the same API server:
 * `OMNI_TEST_KUBECONFIG=… node bench/objects-apply.ts [--json] [--rounds 7] [--count 200]`, about 1 min.
 */
import {parseArgs} from 'node:util'
import {median, report, runProgram, timed} from './apps/home.ts'
import {createObjectsBench} from './apps/objects.ts'

const {values} = parseArgs({
  options: {json: {type: 'boolean'}, rounds: {type: 'string', default: '7'}, count: {type: 'string', default: '200'}},
})
const count = Number(values.count)

await using bench = await createObjectsBench(count)
const ours = () => bench.home.omni('apply', '--quiet', '--file', bench.file)
const theirs = () => bench.kubectl('apply', '--filename', bench.file)
const times = {create: [], unchanged: [], kubectlCreate: [], kubectlUnchanged: [], node: []} as Record<
  'create' | 'unchanged' | 'kubectlCreate' | 'kubectlUnchanged' | 'node',
  number[]
>
for (let round = -1; round < Number(values.rounds); round++) {
  await bench.freshNamespace()
  const kubectlCreate = await timed(theirs)
  const kubectlUnchanged = await timed(theirs)
  await bench.freshNamespace()
  const create = await timed(ours)
  const unchanged = await timed(ours)
  const node = await timed(() => runProgram([process.execPath, '-e', '0'], bench.env))
  // The first round fills the caches.
  if (round < 0) continue
  for (const [name, ms] of Object.entries({create, unchanged, kubectlCreate, kubectlUnchanged, node})) {
    times[name as keyof typeof times].push(ms)
  }
}
const [create, unchanged, node] = [median(times.create), median(times.unchanged), median(times.node)]
const [kubectlCreate, kubectlUnchanged] = [median(times.kubectlCreate), median(times.kubectlUnchanged)]
report(`apply of ${count} objects on a Kubernetes API server, ${values.rounds} rounds`, [
  {name: 'omni apply, new', value: create, unit: 'ms'},
  {name: 'kubectl apply, new', value: kubectlCreate, unit: 'ms'},
  {
    name: 'kubectl / omni, new',
    value: kubectlCreate / create,
    unit: '×',
    wanted: '>= 2',
    met: kubectlCreate >= 2 * create,
  },
  {name: 'omni apply, unchanged', value: unchanged, unit: 'ms'},
  {name: 'kubectl apply, unchanged', value: kubectlUnchanged, unit: 'ms'},
  {
    name: 'kubectl / omni, unchanged',
    value: kubectlUnchanged / unchanged,
    unit: '×',
    wanted: '>= 2',
    met: kubectlUnchanged >= 2 * unchanged,
  },
  {name: 'node -e 0', value: node, unit: 'ms'},
  {
    name: 'omni apply, unchanged, over the start of Node',
    value: unchanged - node,
    unit: 'ms',
    wanted: '<= 250',
    met: unchanged - node <= 250,
  },
])
