/**
 * `omni status` with 20 services beside `node -e 0` of the same Node, and long lists: `node bench/status.ts [--json]`,
 * about 40 s. Interleaved runs, medians.
 */
import {join} from 'node:path'
import {createBenchHome, firstByteAndEnd, median, OMNI_BIN, report, runProgram, timed} from './apps/home.ts'
import {serveRows} from './apps/rows.ts'

const ROUNDS = 15
const ROWS = 10_000

const home = createBenchHome()
const rows = await serveRows(ROWS)
try {
  const services = Array.from({length: 20}, (_, index) => `  s${index}: {command: sleep 1000, stop_grace_secs: 1}`)
  home.write('many/omni.yaml', `services:\n${services.join('\n')}\n`)
  await home.omni('up', join(home.folder, 'many'))
  const env = {PATH: process.env.PATH, HOME: home.folder, OMNI_HOME: home.omniHome, NO_COLOR: '1'}
  const remote = {...env, OMNI_HOME: join(home.folder, 'remote')}
  home.write('remote/config.yaml', `current-context: far\ncontexts:\n  - name: far\n    orca: {url: ${rows.url}}\n`)
  const node = [process.execPath, '-e', '0']
  const omni = (...args: string[]) => [process.execPath, OMNI_BIN, ...args]
  const figures = {
    node: [] as number[],
    status: [] as number[],
    statusEnd: [] as number[],
    leaf: [] as number[],
    leafEnd: [] as number[],
    table: [] as number[],
    name: [] as number[],
  }
  for (let round = -1; round < ROUNDS; round++) {
    const nodeMs = await timed(() => runProgram(node, env))
    const [status, statusEnd] = await firstByteAndEnd(omni('status'), env)
    const [leaf, leafEnd] = await firstByteAndEnd(omni('releases', 's0'), env)
    const times = {
      ...{node: nodeMs, status, statusEnd, leaf, leafEnd},
      table: await timed(() => runProgram(omni('get', 'services'), remote)),
      name: await timed(() => runProgram(omni('get', 'services', '-o', 'name'), remote)),
    }
    // The first round fills the compile cache.
    if (round >= 0) for (const key of Object.keys(figures) as (keyof typeof figures)[]) figures[key].push(times[key])
  }
  tell(figures)
} finally {
  rows.close()
  await home.dispose()
}

type Figure = 'node' | 'status' | 'statusEnd' | 'leaf' | 'leafEnd' | 'table' | 'name'

function tell(figures: Record<Figure, number[]>): void {
  const node = median(figures.node)
  const status = median(figures.status) / node
  const leaf = median(figures.leaf) / node
  const extra = median(figures.table) - median(figures.name)
  report(`start of commands, ${ROUNDS} rounds`, [
    {name: 'node -e 0', value: node, unit: 'ms'},
    {
      name: 'omni status, 20 services, to its first byte / node -e 0',
      value: status,
      unit: '',
      wanted: '<= 2.5',
      met: status <= 2.5,
    },
    {name: 'the same to its end', value: median(figures.statusEnd) / node, unit: ''},
    {
      name: 'omni releases s0, to its first byte / node -e 0',
      value: leaf,
      unit: '',
      wanted: '<= 2.5',
      met: leaf <= 2.5,
    },
    {name: 'the same to its end', value: median(figures.leafEnd) / node, unit: ''},
    {name: `omni get services -o name, ${ROWS} rows`, value: median(figures.name), unit: 'ms'},
    {
      name: `omni get services, ${ROWS} rows, over -o name`,
      value: extra,
      unit: 'ms',
      wanted: '<= 200',
      met: extra <= 200,
    },
  ])
}
