/**
 * `omni diff` of 1,000 resources that are all as wanted, and of 1,000 that are all missing, beside `node -e 0`:
 * `node bench/plan.ts [--json]`, about 15 s.
 */
import {join} from 'node:path'
import {createBenchHome, median, OMNI_BIN, report, runProgram, timed} from './apps/home.ts'
import {planOf, serveRows} from './apps/rows.ts'

const ROUNDS = 9
const COUNT = 1_000
const WANTED_MS = 300

const home = createBenchHome()
const same = await serveRows(COUNT)
const none = await serveRows(0)
try {
  home.write('rows.yaml', planOf(COUNT))
  const file = join(home.folder, 'rows.yaml')
  const at = (name: string, url: string) => {
    home.write(`${name}/config.yaml`, `current-context: far\ncontexts:\n  - name: far\n    orca: {url: ${url}}\n`)
    return {PATH: process.env.PATH, HOME: home.folder, OMNI_HOME: join(home.folder, name), NO_COLOR: '1'}
  }
  const [there, empty] = [at('there', same.url), at('empty', none.url)]
  const diff = [process.execPath, OMNI_BIN, 'diff', file]
  const unchanged = await runProgram(diff, there)
  if (!unchanged.includes(`${COUNT} as wanted`)) throw new Error(`not a no-op: ${unchanged.slice(0, 500)}`)
  const figures: Record<'node' | 'noop' | 'create', number[]> = {node: [], noop: [], create: []}
  for (let round = -1; round < ROUNDS; round++) {
    const times = {
      node: await timed(() => runProgram([process.execPath, '-e', '0'], there)),
      noop: await timed(() => runProgram(diff, there)),
      create: await timed(() => runProgram(diff, empty)),
    }
    if (round >= 0) for (const key of ['node', 'noop', 'create'] as const) figures[key].push(times[key])
  }
  const node = median(figures.node)
  const [noop, create] = [median(figures.noop) - node, median(figures.create) - node]
  report(`plan of ${COUNT} resources, ${ROUNDS} rounds`, [
    {name: 'node -e 0', value: node, unit: 'ms'},
    {name: 'diff of a no-op, over node', value: noop, unit: 'ms', wanted: `<= ${WANTED_MS}`, met: noop <= WANTED_MS},
    {
      name: 'diff when all are missing, over node',
      value: create,
      unit: 'ms',
      wanted: `<= ${WANTED_MS}`,
      met: create <= WANTED_MS,
    },
  ])
} finally {
  same.close()
  none.close()
  await home.dispose()
}
