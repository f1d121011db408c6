import {relative} from 'node:path'

/** Something outside of our own code that tests run against. */
interface Engine {
  readonly name: string
  /** `real`: the thing itself. `faked`: a stand-in that keeps its contract. */
  readonly how: 'real' | 'faked'
  /** Folders or files of the tests that use it. */
  readonly files: readonly string[]
  /** Only the tests with this in their names. */
  readonly only?: RegExp
  /** Script in `test/engines` that starts it; `down` ends it. */
  readonly start?: string
}

export const ENGINES: readonly Engine[] = [
  {name: 'embedded engine: processes, server, edge', how: 'real', files: ['plugins/orca/test', 'test/e2e']},
  {
    name: 'Docker Engine',
    how: 'real',
    files: ['plugins/orca/test/docker', 'test/e2e/docker'],
    start: 'docker-up',
  },
  {
    name: 'image registry (docker-registry on loopback)',
    how: 'real',
    files: ['plugins/orca/test/docker/images', 'test/e2e/docker/images.test.ts'],
    start: 'registry-up',
  },
  {name: 'ACME server (pebble)', how: 'real', files: ['plugins/orca/test/tls/acme.test.ts'], start: 'pebble-up'},
  {
    name: 'Incus',
    how: 'real',
    files: ['plugins/incus/test/real', 'test/e2e/machines'],
    start: 'incus-up',
  },
  {name: 'Incus cluster of two members', how: 'real', files: ['plugins/incus/test/real/cluster.test.ts']},
  {
    name: 'Kubernetes of one node: API server, kubelet, containerd',
    how: 'real',
    files: ['plugins/kubernetes/test/real', 'test/e2e/cluster', 'packages/testkit/test/kube'],
    start: 'kube-up',
  },
  {name: 'npm registry (verdaccio on loopback)', how: 'real', files: ['test/e2e/plugins.test.ts']},
  {name: 'bash', how: 'real', files: ['test/e2e/completion.test.ts'], only: /bash completes/},
  {name: 'zsh', how: 'real', files: ['test/e2e/completion.test.ts'], only: /zsh completes/},
  {name: 'fish', how: 'real', files: ['test/e2e/completion.test.ts'], only: /fish completes/},
  {
    name: 'Multipass (a program with its arguments, outputs and faults)',
    how: 'faked',
    files: ['plugins/multipass/test'],
  },
  {
    name: 'Kubernetes API in memory, operator and agents of OME',
    how: 'faked',
    files: ['packages/testkit/test/kube', 'plugins/kubernetes/test', 'test/e2e/cluster'],
  },
  {name: 'instances, services, models (memory drivers)', how: 'faked', files: ['packages/testkit/test']},
]

/** Part of vitest's JSON report. */
export interface TestFile {
  readonly name: string
  readonly assertionResults: readonly {readonly fullName: string; readonly status: string}[]
}

export interface EngineTable {
  readonly lines: readonly string[]
  /** Engines no test of which ran. */
  readonly skipped: readonly string[]
}

/** One line for each engine: what it was, and how many of its tests ran. */
export function engineTable(
  report: readonly TestFile[],
  root: string,
  engines: readonly Engine[] = ENGINES,
): EngineTable {
  const rows = engines.map((engine) => {
    const tests = report
      .filter(({name}) => engine.files.some((file) => relative(root, name).startsWith(file)))
      .flatMap(({assertionResults}) => assertionResults)
      .filter(({fullName}) => engine.only?.test(fullName) ?? true)
    const count = (status: string) => tests.filter((test) => test.status === status).length
    const [passed, failed] = [count('passed'), count('failed')]
    const state = passed + failed === 0 ? 'skipped' : engine.how
    return {
      name: engine.name,
      state,
      passed: String(passed),
      failed: String(failed),
      rest: String(tests.length - passed - failed),
    }
  })
  const header = {name: 'ENGINE', state: 'THIS RUN', passed: 'PASSED', failed: 'FAILED', rest: 'SKIPPED'}
  const width = Math.max(...rows.map(({name}) => name.length))
  return {
    lines: [header, ...rows].map(({name, state, passed, failed, rest}) =>
      [name.padEnd(width), state.padEnd(8), passed.padStart(6), failed.padStart(6), rest.padStart(7)].join('  '),
    ),
    skipped: rows.filter(({state}) => state === 'skipped').map(({name}) => name),
  }
}
