import {join} from 'node:path'
import {Failure, parse, refused} from './command-line.ts'
import {type Call, type Command, hang, type Streams} from './commands/context.ts'
import {exec} from './commands/exec.ts'
import {launch} from './commands/launch.ts'
import {restart, start, stop, suspend} from './commands/power.ts'
import {get, set} from './commands/settings.ts'
import {find, info, list, networks, version} from './commands/show.ts'
import {clone, purge, recover, remove, restore, snapshot} from './commands/snapshots.ts'
import {mount, transfer, umount} from './commands/transfer.ts'
import {type Fault, openStore, type Store, writeJson} from './store.ts'

const COMMANDS: Readonly<Record<string, Command>> = {
  launch,
  list,
  info,
  find,
  networks,
  version,
  start,
  stop,
  restart,
  suspend,
  delete: remove,
  recover,
  purge,
  exec,
  transfer,
  mount,
  umount,
  set,
  get,
  snapshot,
  restore,
  clone,
  'wait-ready': () => 0,
}

const OWN: Streams = {stdin: 'inherit', stdout: process.stdout, stderr: process.stderr}

/** The program `multipass`: what a command line does to the storage in `folder`. Gives the exit status. */
export async function runMultipass(folder: string, argv: readonly string[], streams: Streams = OWN): Promise<number> {
  const store = openStore(folder)
  const behaviour = store.behaviour()
  try {
    const parsed = parse(argv, behaviour.version)
    const call: Call = {...parsed, ...streams, store, behaviour, fault: faultsOf(store, parsed.command)}
    if (parsed.command !== 'version') await failEarly(call)
    return (await COMMANDS[parsed.command]?.(call)) ?? 0
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    if (error.message !== '') streams.stderr.write(`${error.message}\n`)
    return error.exit
  }
}

/** What every command but `version` meets before it does anything. */
async function failEarly(call: Call): Promise<void> {
  const {command, words} = call
  if (call.fault('daemon-down')) {
    throw refused(
      command,
      "cannot connect to the multipass socket\nPlease ensure multipassd is running and '/var/snap/multipass/common/multipass_socket' is accessible",
    )
  }
  if (command !== 'launch' && call.fault('hang', words[0])) await hang(call)
  if (call.fault('response-timeout', words[0])) throw refused(command, 'timed out waiting for response')
  if (call.fault('unknown-state', words[0])) {
    const machine = call.store.find(words[0] ?? '')
    if (machine !== undefined && machine.state !== 'Unknown') call.store.save({...machine, state: 'Unknown'})
  }
}

/** One that is meant for a number of times is counted down at the first question of this call. */
function faultsOf(store: Store, command: string): Call['fault'] {
  const hit = new Set<Fault>()
  const {faults} = store.behaviour()
  const isMeant = (fault: Fault, kind: Fault['kind'], instance: string | undefined) =>
    fault.kind === kind &&
    (fault.command === undefined || fault.command === command) &&
    (fault.instance === undefined || fault.instance === instance) &&
    (fault.times ?? 1) > 0
  return (kind, instance) => {
    const found = faults.find((fault) => isMeant(fault, kind, instance))
    if (found?.times !== undefined && !hit.has(found)) store.locked(() => countDown(store, faults.indexOf(found)))
    if (found !== undefined) hit.add(found)
    return found !== undefined
  }
}

function countDown(store: Store, index: number): void {
  const behaviour = store.behaviour()
  const faults = behaviour.faults.map((fault, at) => (at === index ? {...fault, times: (fault.times ?? 1) - 1} : fault))
  writeJson(join(store.folder, 'behaviour.json'), {...behaviour, faults})
}
