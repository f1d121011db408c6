/**
 * `omni get instances` with 50 containers, beside `incus list` and two starts of Node:
 * `node bench/machines-list.ts [--json] [--rounds 9] [--count 50]`, about 1 min.
 */
import {parseArgs} from 'node:util'
import {median, report, runProgram, timed} from './apps/home.ts'
import {createMachinesBench, launchAll} from './apps/machines.ts'

const {values} = parseArgs({
  options: {json: {type: 'boolean'}, rounds: {type: 'string', default: '9'}, count: {type: 'string', default: '50'}},
})
const count = Number(values.count)

const bench = await createMachinesBench()
try {
  await launchAll(bench, count, 'm')
  const times: Record<'ours' | 'incus' | 'node', number[]> = {ours: [], incus: [], node: []}
  for (let round = -1; round < Number(values.rounds); round++) {
    const ours = await timed(() => bench.home.omni('get', 'instances'))
    const incus = await timed(() => bench.incus('list'))
    const node = await timed(() => runProgram([process.execPath, '-e', '0'], bench.env))
    // The first round fills the caches.
    if (round < 0) continue
    times.ours.push(ours)
    times.incus.push(incus)
    times.node.push(node)
  }
  const [ours, incus, node] = [median(times.ours), median(times.incus), median(times.node)]
  const ratio = ours / (incus + 2 * node)
  report(`a list of ${count} containers on Incus, ${values.rounds} rounds`, [
    {name: 'omni get instances, median', value: ours, unit: 'ms'},
    {name: 'incus list, median', value: incus, unit: 'ms'},
    {name: 'node -e 0, median', value: node, unit: 'ms'},
    {name: 'omni / (incus list + 2 × node)', value: ratio, unit: '×', wanted: '< 1', met: ratio < 1},
  ])
} finally {
  await bench.dispose()
}
