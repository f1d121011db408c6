/**
 * `omni apply` of a plan that is as wanted: 20 containers on Incus, and 200 of the memory driver; beside `node -e 0` and one
 * list of those 20, with their state, by a bare HTTP client (ours asks without it: as wanted needs no state):
 * `node bench/machines-noop.ts [--json] [--rounds 9]`, about 1 min.
 */
import {join} from 'node:path'
import {parseArgs} from 'node:util'
import {median, report, runProgram, timed} from './apps/home.ts'
import {createMachinesBench, planOf, rawRequest} from './apps/machines.ts'
import {linkMemoryPlugin} from './apps/memory-plugin.ts'

const {values} = parseArgs({options: {json: {type: 'boolean'}, rounds: {type: 'string', default: '9'}}})
const [COUNT, MANY] = [20, 200]
const WANTED = 1.5

const bench = await createMachinesBench()
try {
  const {home, socket, project} = bench
  home.write('real.yaml', planOf(COUNT, 'm'))
  home.write('memory.yaml', planOf(MANY, 'x'))
  const real = () => home.omni('apply', join(home.folder, 'real.yaml'))
  await linkMemoryPlugin(home)
  const memory = () => home.omni('apply', join(home.folder, 'memory.yaml'), '--provider', 'memory')
  await real()
  await memory()
  for (const run of [real, memory]) {
    if (!(await run()).startsWith('nothing to do')) throw new Error('not a no-op')
  }
  const list = () => rawRequest(socket, `/1.0/instances?recursion=2&project=${project}`)
  const node = () => runProgram([process.execPath, '-e', '0'], bench.env)
  const times: Record<'real' | 'memory' | 'node' | 'list', number[]> = {real: [], memory: [], node: [], list: []}
  for (let round = 0; round < Number(values.rounds); round++) {
    times.real.push(await timed(real))
    times.memory.push(await timed(memory))
    times.node.push(await timed(node))
    times.list.push(await timed(list))
  }
  const base = median(times.node) + median(times.list)
  const [ofReal, ofMemory] = [median(times.real) / base, median(times.memory) / base]
  report(`apply of what is as wanted, ${values.rounds} rounds`, [
    {name: 'node -e 0, median', value: median(times.node), unit: 'ms'},
    {name: `one list of ${COUNT} over HTTP, median`, value: median(times.list), unit: 'ms'},
    {name: `omni apply, ${COUNT} on Incus, median`, value: median(times.real), unit: 'ms'},
    {name: `omni apply, ${MANY} in memory, median`, value: median(times.memory), unit: 'ms'},
    {
      name: `${COUNT} on Incus / (node + list)`,
      value: ofReal,
      unit: '×',
      wanted: `<= ${WANTED}`,
      met: ofReal <= WANTED,
    },
    {
      name: `${MANY} in memory / (node + list)`,
      value: ofMemory,
      unit: '×',
      wanted: `<= ${WANTED}`,
      met: ofMemory <= WANTED,
    },
  ])
} finally {
  await bench.dispose()
}
