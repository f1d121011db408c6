/**
 * What a start costs beside `node -e 0` of the same Node: `node bench/startup.ts [--json] [--rounds 20]`, about 20 s.
 * Interleaved rounds; medians of the ratios of a round, in wall time and in CPU time (user + system).
 */
import {execFileSync} from 'node:child_process'
import {join} from 'node:path'
import {parseArgs} from 'node:util'
import {type BenchRow, createBenchHome, median, OMNI_BIN, report} from './apps/home.ts'

interface Case {
  readonly name: string
  readonly args: readonly string[]
  /** Times `node -e 0`. */
  readonly wanted?: number
}

interface Cost {
  readonly wallMs: number
  readonly cpuMs: number
}

const NODE: Case = {name: 'node -e 0', args: ['-e', '0']}
const CASES: readonly Case[] = [
  {name: 'omni --version', args: [OMNI_BIN, '--version'], wanted: 1.25},
  {name: 'omni --help', args: [OMNI_BIN, '--help'], wanted: 1.25},
  {name: 'completion of a command', args: [OMNI_BIN, '__complete', 'sta'], wanted: 1.25},
  {name: 'completion of a flag', args: [OMNI_BIN, '__complete', 'logs', '--le'], wanted: 1.25},
  {name: 'a leaf command: omni alias list', args: [OMNI_BIN, 'alias', 'list'], wanted: 2.5},
  {name: 'all plugins loaded: omni plugin list', args: [OMNI_BIN, 'plugin', 'list']},
]

const {values} = parseArgs({
  options: {rounds: {type: 'string', default: '20'}, json: {type: 'boolean', default: false}},
})

const home = createBenchHome()
try {
  // NODE_EXTRA_CA_CERTS and other settings of Node would change the base; none of them is passed on.
  const env = {PATH: process.env.PATH, HOME: home.folder, OMNI_HOME: join(home.folder, '.ome'), NO_COLOR: '1'}
  const rounds: Cost[][] = []
  for (let round = -2; round < Number(values.rounds); round++) {
    const costs = [NODE, ...CASES].map(({args}) => costOf(args, env))
    // The first two fill the compile cache and the file cache.
    if (round >= 0) rounds.push(costs)
  }
  report(`start-up, ${rounds.length} rounds`, [
    {name: NODE.name, value: median(rounds.map(([base]) => base?.wallMs ?? Number.NaN)), unit: 'ms'},
    ...CASES.flatMap((one, index) => rowsOf(one, rounds, index + 1)),
  ])
} finally {
  await home.dispose()
}

/**
 * bash tells wall, user and system time of a child in milliseconds, which Node itself does not. The output goes to a
 * file: a terminal, and what looks like one, costs Node two milliseconds more whoever writes to it.
 */
function costOf(args: readonly string[], env: NodeJS.ProcessEnv): Cost {
  const script = 'TIMEFORMAT="%R %U %S"; time "$@" >"$HOME/out" 2>&1 </dev/null'
  const argv = ['-c', `{ ${script}; } 2>&1`, 'bash', process.execPath, ...args]
  const output = execFileSync('bash', argv, {env: {...env, LC_ALL: 'C'}, encoding: 'utf8'})
  const [wall = Number.NaN, user = Number.NaN, system = Number.NaN] = output.trim().split(' ').map(Number)
  return {wallMs: wall * 1000, cpuMs: (user + system) * 1000}
}

function rowsOf({name, wanted}: Case, rounds: readonly Cost[][], index: number): BenchRow[] {
  const ratios = (of: (cost: Cost) => number) =>
    rounds.map((costs) => {
      const [base] = costs
      const cost = costs[index]
      return base === undefined || cost === undefined ? Number.NaN : of(cost) / of(base)
    })
  const wall = median(ratios(({wallMs}) => wallMs))
  const cpu = median(ratios(({cpuMs}) => cpuMs))
  const verdict = wanted === undefined ? {} : {wanted: `<= ${wanted}`, met: wall <= wanted}
  return [
    {name: `${name}, wall`, value: wall, unit: '× node', ...verdict},
    {name: `${name}, CPU`, value: cpu, unit: '× node'},
  ]
}
