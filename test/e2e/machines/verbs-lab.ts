import {randomBytes} from 'node:crypto'
import {writeFile} from 'node:fs/promises'
import {dirname, join} from 'node:path'
import {retry} from '@omni-cli/sdk'
import {createHome, type OmniOptions, type OmniResult, omni, removeHome, run} from '../harness.ts'

/** The daemon that tests may use; undefined: those that need it are left out. */
export const socket = process.env.OMNI_TEST_INCUS_SOCKET

/** A home whose context is a project of its own on the daemon, with machines that were made without omni. */
export interface VerbsLab {
  readonly home: string
  /** Runs the built CLI. */
  cli(...args: string[]): Promise<OmniResult>
  run(args: readonly string[], options?: Partial<OmniOptions>): Promise<OmniResult>
  /** What it prints with `-o json`; throws when it does not end with 0. */
  json(...args: string[]): Promise<ReturnType<typeof JSON.parse>>
  /** The program incus in the project: what others see. */
  incus(...args: string[]): Promise<string>
  launch(name: string, role: string): Promise<void>
  remove(): Promise<void>
}

export async function createVerbsLab(): Promise<VerbsLab> {
  if (socket === undefined) throw new Error('there is no Incus for tests')
  const home = await createHome()
  const random = randomBytes(4)
  const project = `verbs-${random.toString('hex')}`
  // Names of machines are taken once on a network.
  const network = `ov${random.toString('hex')}`
  const env = {INCUS_DIR: dirname(socket), INCUS_CONF: join(home, 'incus-conf')}
  const anywhere = async (...args: string[]) => {
    const {code, stdout, stderr} = await run(['incus', ...args], {home, env})
    if (code !== 0) throw new Error(`incus ${args.join(' ')}: ${stderr}`)
    return stdout
  }
  const incus = (...args: string[]) => anywhere('--project', project, ...args)
  const range = [
    `ipv4.address=10.${128 + ((random[0] ?? 0) % 100)}.${random[1]}.1/24`,
    'ipv4.nat=false',
    'ipv6.address=none',
  ]
  // Incus stumbles over interfaces that other machines lose at the same moment.
  const again = {attempts: 5, baseMs: 100, maxMs: 1_000, when: () => true}
  await retry(again, () => anywhere('network', 'create', network, ...range))
  const features = ['images=false', 'networks=false', 'profiles=true'].flatMap((one) => ['-c', `features.${one}`])
  await anywhere('project', 'create', project, ...features)
  await incus('profile', 'device', 'add', 'default', 'root', 'disk', 'path=/', 'pool=default')
  await incus('profile', 'device', 'add', 'default', 'eth0', 'nic', 'name=eth0', `network=${network}`)
  const context = {name: 'lab', providers: {instances: 'incus'}, incus: {url: `unix:${socket}`, project}}
  await writeFile(join(home, '.ome/config.yaml'), JSON.stringify({'current-context': 'lab', contexts: [context]}))
  const start: VerbsLab['run'] = (args, options = {}) => omni(args, {home, timeoutMs: 60_000, ...options})
  return {
    home,
    incus,
    run: start,
    cli: (...args) => start(args),
    async json(...args) {
      const {code, stdout, stderr} = await start([...args, '-o', 'json'])
      if (code !== 0) throw new Error(`omni ${args.join(' ')} ended with ${code}: ${stderr}`)
      return JSON.parse(stdout)
    },
    launch: async (name, role) => void (await incus('launch', 'omni-test/busybox', name, '-c', `user.role=${role}`)),
    async remove() {
      const machines: {name: string}[] = JSON.parse(await incus('list', '-f', 'json'))
      for (const {name} of machines) await incus('delete', '--force', name)
      await anywhere('project', 'delete', project)
      await retry(again, () => anywhere('network', 'delete', network))
      await removeHome(home)
    },
  }
}
