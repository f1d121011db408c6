import {randomBytes} from 'node:crypto'
import {mkdir, writeFile} from 'node:fs/promises'
import {dirname, join} from 'node:path'
import {retry} from '@omni-cli/sdk'
import {createHome, type OmniOptions, type OmniResult, omni, removeHome, run as runProgram} from '../harness.ts'

/** The daemon that tests may use; undefined: those that need it are left out. */
export const socket = process.env.OMNI_TEST_INCUS_SOCKET

/** A home whose context is a project of its own on the daemon, with a network of its own. */
export interface IncusHome {
  readonly home: string
  readonly project: string
  readonly network: string
  readonly socket: string
  /** Runs the built CLI. */
  cli(...args: string[]): Promise<OmniResult>
  /** The same with options, e.g. a terminal or input. */
  run(args: readonly string[], options?: Partial<OmniOptions>): Promise<OmniResult>
  /** Runs it and gives what it prints with `-o json`; throws when it does not end with 0. */
  json(...args: string[]): Promise<ReturnType<typeof JSON.parse>>
  /** The program incus in the project: what others see. */
  incus(...args: string[]): Promise<string>
  /** Writes a file of the home and gives its path. */
  write(path: string, content: string): Promise<string>
  /** Names of the machines of the project, by the program incus. */
  names(): Promise<string[]>
  remove(): Promise<void>
}

export interface IncusHomeOptions {
  /** Socket to talk to; default: that of the daemon. */
  readonly url?: string | undefined
  /** Root disk of the machines. Default: the pool `default`. */
  readonly pool?: string | undefined
  /** Names of images in plans → images of the daemon. */
  readonly images?: Readonly<Record<string, string>> | undefined
}

export async function createIncusHome({url, pool = 'default', images}: IncusHomeOptions = {}): Promise<IncusHome> {
  if (socket === undefined) throw new Error('there is no Incus for tests')
  const home = await createHome()
  const random = randomBytes(4)
  const project = `omni-e2e-${random.toString('hex')}`
  const network = `oe${random.toString('hex')}`
  const conf = join(home, 'incus-conf')
  await mkdir(conf)
  const anywhere = async (...args: string[]) => {
    // Its standard input is at its end at once: `incus network create` and others read it.
    const env = {INCUS_DIR: dirname(socket), INCUS_CONF: conf}
    const {code, stdout, stderr} = await runProgram(['incus', ...args], {home, env})
    if (code !== 0) throw new Error(`incus ${args.join(' ')} ended with ${code}: ${stderr}`)
    return stdout
  }
  const incus = (...args: string[]) => anywhere('--project', project, ...args)
  const address = `10.${128 + ((random[0] ?? 0) % 100)}.${random[1]}.1/24`
  const range = [`ipv4.address=${address}`, 'ipv4.nat=false', 'ipv6.address=none']
  // Incus stumbles over interfaces that other machines lose at the same moment.
  const again = {attempts: 5, baseMs: 50, maxMs: 500, when: () => true}
  await retry(again, () => anywhere('network', 'create', network, ...range))
  const features = ['features.images=false', 'features.networks=false', 'features.profiles=true']
  await anywhere('project', 'create', project, ...features.flatMap((feature) => ['-c', feature]))
  await incus('profile', 'device', 'add', 'default', 'root', 'disk', 'path=/', `pool=${pool}`)
  await incus('profile', 'device', 'add', 'default', 'eth0', 'nic', 'name=eth0', `network=${network}`)
  const settings = {url: url ?? `unix:${socket}`, project, images}
  const context = {name: 'default', providers: {instances: 'incus'}, incus: settings}
  await writeFile(join(home, '.ome/config.yaml'), JSON.stringify({'current-context': 'default', contexts: [context]}))
  const run: IncusHome['run'] = (args, options = {}) => omni(args, {home, timeoutMs: 120_000, ...options})
  const names = async () => JSON.parse(await incus('list', '-f', 'json')).map(({name}: {name: string}) => name)
  return {
    home,
    project,
    network,
    socket,
    run,
    cli: (...args) => run(args),
    async json(...args) {
      const {code, stdout, stderr} = await run([...args, '-o', 'json'])
      if (code !== 0) throw new Error(`omni ${args.join(' ')} ended with ${code}: ${stderr}`)
      return JSON.parse(stdout)
    },
    incus,
    async write(path, content) {
      const file = join(home, path)
      await mkdir(dirname(file), {recursive: true})
      await writeFile(file, content)
      return file
    },
    names,
    async remove() {
      for (const name of await names()) {
        await incus('config', 'set', name, 'security.protection.delete=false').catch(() => undefined)
        await incus('delete', '--force', name)
      }
      for (const {name} of JSON.parse(await incus('profile', 'list', '-f', 'json'))) {
        if (name !== 'default') await incus('profile', 'delete', name)
      }
      await anywhere('project', 'delete', project)
      await retry(again, () => anywhere('network', 'delete', network))
      await removeHome(home)
    },
  }
}
