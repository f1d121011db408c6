import {existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'

export type State =
  | 'Running'
  | 'Stopped'
  | 'Deleted'
  | 'Starting'
  | 'Restarting'
  | 'Delayed Shutdown'
  | 'Suspending'
  | 'Suspended'
  | 'Unknown'

export interface Mount {
  readonly source: string
  readonly uid: number
  readonly gid: number
}

/** What the daemon keeps of a machine, besides its root file system. */
export interface Machine {
  readonly name: string
  readonly state: State
  /** A machine that starts runs from then on; milliseconds of the epoch. */
  readonly readyAt: number
  readonly release: string
  readonly os: string
  readonly imageHash: string
  readonly cpus: number
  readonly memory: number
  readonly disk: number
  readonly ipv4: readonly string[]
  readonly mounts: Readonly<Record<string, Mount>>
  readonly networks: readonly string[]
}

/** One way to fail. Without a command or instance it is meant for all of them. */
export interface Fault {
  readonly kind:
    | 'daemon-down'
    | 'hang'
    | 'response-timeout'
    | 'launch-timeout'
    | 'init-timeout'
    | 'image-download'
    | 'half-made'
    | 'ssh-failure'
    | 'stuck-suspended'
    | 'unknown-state'
    | 'cloud-init-error'
    | 'cloud-init-degraded'
    | 'cloud-init-never'
  readonly command?: string | undefined
  readonly instance?: string | undefined
  /** How often; default: until it is taken away. */
  readonly times?: number | undefined
}

export interface Behaviour {
  readonly version: string
  /** `applevz` has neither snapshots nor suspend. */
  readonly driver: string
  /** From launch or start until a machine runs. */
  readonly bootMs: number
  /** From then until cloud-init is done. */
  readonly initMs: number
  readonly networks: readonly {readonly name: string; readonly type: string; readonly description: string}[]
  readonly faults: readonly Fault[]
}

export const DEFAULT_BEHAVIOUR: Behaviour = {
  version: '1.16.3',
  driver: 'qemu',
  bootMs: 0,
  initMs: 0,
  networks: [
    {name: 'br0', type: 'bridge', description: 'Network bridge with eth0'},
    {name: 'eth0', type: 'ethernet', description: 'Ethernet device'},
  ],
  faults: [],
}

/** The daemon's storage: every call reads and writes files, so that all processes see the same. */
export interface Store {
  readonly folder: string
  behaviour(): Behaviour
  machines(): Machine[]
  find(name: string): Machine | undefined
  save(machine: Machine): void
  drop(name: string): void
  /** Root file system of a machine, or the folder of one of its snapshots. */
  root(name: string): string
  snapshots(name: string): string
  settings(): Record<string, string>
  saveSettings(settings: Readonly<Record<string, string>>): void
  /** Does the work while no other process does. */
  locked<T>(work: () => T): T
}

const readJson = <T>(file: string, otherwise: T): T =>
  existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as T) : otherwise

export function writeJson(file: string, content: unknown): void {
  writeFileSync(`${file}.${process.pid}`, JSON.stringify(content))
  renameSync(`${file}.${process.pid}`, file)
}

export function openStore(folder: string): Store {
  const at = (...parts: string[]) => join(folder, ...parts)
  const find = (name: string): Machine | undefined => {
    const found = readJson<Machine | undefined>(at('instances', name, 'machine.json'), undefined)
    return found === undefined ? undefined : asItIsNow(found)
  }
  return {
    folder,
    behaviour: () => ({...DEFAULT_BEHAVIOUR, ...readJson<Partial<Behaviour>>(at('behaviour.json'), {})}),
    machines: () => readdirSync(at('instances')).flatMap((name) => find(name) ?? []),
    find,
    save(machine) {
      mkdirSync(at('instances', machine.name), {recursive: true})
      writeJson(at('instances', machine.name, 'machine.json'), machine)
    },
    drop: (name) => rmSync(at('instances', name), {recursive: true, force: true}),
    root: (name) => at('instances', name, 'root'),
    snapshots: (name) => at('instances', name, 'snapshots'),
    settings: () => readJson<Record<string, string>>(at('settings.json'), {}),
    saveSettings: (settings) => writeJson(at('settings.json'), settings),
    locked: (work) => locked(at('lock'), work),
  }
}

const asItIsNow = (machine: Machine): Machine =>
  (machine.state === 'Starting' || machine.state === 'Restarting') && Date.now() >= machine.readyAt
    ? {...machine, state: 'Running'}
    : machine

/** A folder is made by one process only; a dead one's is taken away. */
function locked<T>(folder: string, work: () => T): T {
  for (;;) {
    try {
      mkdirSync(folder)
      break
    } catch {
      if (isAbandoned(folder)) rmSync(folder, {recursive: true, force: true})
      else sleepSync(5)
    }
  }
  try {
    writeFileSync(join(folder, 'pid'), String(process.pid))
    return work()
  } finally {
    rmSync(folder, {recursive: true, force: true})
  }
}

function isAbandoned(folder: string): boolean {
  try {
    process.kill(Number(readFileSync(join(folder, 'pid'), 'utf8')) || process.pid, 0)
    return false
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ESRCH'
  }
}

export const sleepSync = (ms: number): void => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}
