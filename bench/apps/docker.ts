import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {installMissing} from '../../scripts/test/install.ts'
import {startEngines} from '../../scripts/test/start-engines.ts'
import {type BenchHome, createBenchHome, pause, runProgram} from './home.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

export interface DockerBench {
  readonly home: BenchHome
  /** `docker ARGS…`, its stdout without the line end. */
  docker(...args: string[]): Promise<string>
  /** Any program against the same Engine. */
  run(...argv: string[]): Promise<string>
  /** Unix socket of the Engine. */
  readonly socket: string
  dispose(): Promise<void>
}

/** The Engine of the tests, and a home of its own; what the benchmark made there is removed with `dispose`. */
export async function createDockerBench(programs: readonly string[] = []): Promise<DockerBench> {
  const known = process.env.OMNI_TEST_DOCKER_HOST
  const host = known ?? (await startEngines(root, ['docker-up'])).OMNI_TEST_DOCKER_HOST ?? ''
  const run = (...argv: string[]) => runProgram(argv, {...process.env, DOCKER_HOST: host})
  const install = (file: string, args: readonly string[]) => runProgram([file, ...args]).then(() => 0)
  await installMissing(programs, install)
  const home = createBenchHome({DOCKER_HOST: host})
  return {
    home,
    run,
    docker: async (...args) => (await run('docker', ...args)).trim(),
    socket: host.replace('unix://', ''),
    async dispose() {
      await home.omni('delete', '-f', join(home.folder, 'app/omni.yaml'), '--yes').catch(() => undefined)
      await home.dispose()
    },
  }
}

/** A service of the test app. */
export function writeApp(home: BenchHome, version: string): void {
  home.write(
    'app/omni.yaml',
    [
      'services:',
      '  web:',
      '    image: omni-test/app:1',
      '    port: 8080',
      '    replicas: 3',
      '    readiness: {path: /ready, interval_secs: 1}',
      `    env: {VERSION: ${version}}`,
      '',
    ].join('\n'),
  )
}

/** Asks until there is an answer with 200; its text. */
export async function answerOf(url: string): Promise<string> {
  for (;;) {
    const text = await fetch(url).then(
      (answer) => (answer.ok ? answer.text() : undefined),
      () => undefined,
    )
    if (text !== undefined) return text
    await pause(3)
  }
}
