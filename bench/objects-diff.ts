/**
 * `omni diff` of 200 unchanged Kubernetes objects, beside `kubectl diff` on the same API server:
 * `OMNI_TEST_KUBECONFIG=… node bench/objects-diff.ts [--json] [--rounds 7] [--count 200]`, about 1 min.
 */
import {parseArgs} from 'node:util'
import {median, report, timed} from './apps/home.ts'
import {createObjectsBench} from './apps/objects.ts'

const {values} = parseArgs({
  options: {json: {type: 'boolean'}, rounds: {type: 'string', default: '7'}, count: {type: 'string', default: '200'}},
})
const count = Number(values.count)

await using bench = await createObjectsBench(count)
await bench.freshNamespace()
await bench.home.omni('apply', '--quiet', '--file', bench.file)
const ours: number[] = []
const theirs: number[] = []
for (let round = -1; round < Number(values.rounds); round++) {
  const ms = await timed(() => bench.home.omni('diff', '--file', bench.file))
  // The first round fills the caches.
  if (round >= 0) ours.push(ms)
  // Each takes half a minute; three tell enough.
  if (round >= 0 && round < 3) theirs.push(await timed(() => bench.kubectl('diff', '--filename', bench.file)))
}
const ratio = median(theirs) / median(ours)
report(`diff of ${count} unchanged objects on a Kubernetes API server, ${values.rounds} rounds`, [
  {name: 'omni diff', value: median(ours), unit: 'ms'},
  {name: 'kubectl diff (3 rounds)', value: median(theirs), unit: 'ms'},
  {name: 'kubectl / omni', value: ratio, unit: '×', wanted: '>= 50', met: ratio >= 50},
])
