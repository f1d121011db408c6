import {request} from 'node:http'
import {dirname, join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {startEngines} from '../../scripts/test/start-engines.ts'
import {type BenchHome, createBenchHome, runProgram} from './home.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

export const IMAGE = 'omni-test/busybox'

export interface MachinesBench {
  readonly home: BenchHome
  readonly socket: string
  readonly project: string
  /** `incus ARGS…` in the project. */
  incus(...args: string[]): Promise<string>
  /** A line for sh with the surroundings of `incus`, which uses the project by itself. */
  sh(line: string): Promise<string>
  /** What programs that talk to the daemon get. */
  readonly env: NodeJS.ProcessEnv
  /** Removes all machines of the project, 8 at a time. */
  clear(): Promise<void>
  dispose(): Promise<void>
}

/** A project of its own on the Incus of the tests, with the images, networks and profiles that are there, and a home. */
export async function createMachinesBench(): Promise<MachinesBench> {
  const known = process.env.OMNI_TEST_INCUS_SOCKET
  const socket = known ?? (await startEngines(root, ['incus-up'])).OMNI_TEST_INCUS_SOCKET ?? ''
  const project = `omni-bench-${process.pid}`
  const home = createBenchHome()
  const env = {
    PATH: process.env.PATH,
    HOME: home.folder,
    INCUS_DIR: dirname(socket),
    INCUS_CONF: join(home.folder, 'incus'),
    INCUS_PROJECT: project,
  }
  const incus = (...args: string[]) => runProgram(['incus', ...args], env)
  const shared = ['images', 'networks', 'profiles'].flatMap((feature) => ['-c', `features.${feature}=false`])
  await runProgram(['incus', 'project', 'create', project, ...shared], {...env, INCUS_PROJECT: 'default'})
  const context = {name: 'bench', providers: {instances: 'incus'}, incus: {url: `unix:${socket}`, project}}
  home.write('.ome/config.yaml', JSON.stringify({'current-context': 'bench', contexts: [context]}))
  const sh = (line: string) => runProgram(['sh', '-c', line], env)
  const clear = async () => {
    await sh('incus list -c n -f csv | xargs -r -P8 -n1 incus delete --force')
  }
  return {
    home,
    socket,
    project,
    env,
    incus,
    sh,
    clear,
    async dispose() {
      await clear()
      await runProgram(['incus', 'project', 'delete', project], {...env, INCUS_PROJECT: 'default'})
      await home.dispose()
    },
  }
}

/** A plan of that many machines, without anything that is waited for beside that they run. */
export const planOf = (count: number, prefix: string): string =>
  JSON.stringify({
    instances: Object.fromEntries(
      Array.from({length: count}, (_, index) => [`${prefix}-${index}`, {image: IMAGE, wait: {address: false}}]),
    ),
  })

/** Makes machines with the program incus, 8 at a time. */
export const launchAll = (bench: MachinesBench, count: number, prefix: string): Promise<string> =>
  bench.sh(`seq 0 ${count - 1} | xargs -P8 -I{} incus launch --quiet ${IMAGE} ${prefix}-{}`)

/** Length of the answer to one request over the socket. */
export function rawRequest(socketPath: string, path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    request({socketPath, path}, (answer) => {
      let length = 0
      answer.on('data', (chunk: Buffer) => {
        length += chunk.length
      })
      answer.on('end', () => resolve(length))
    })
      .on('error', reject)
      .end()
  })
}
