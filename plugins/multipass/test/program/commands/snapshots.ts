import {randomInt} from 'node:crypto'
import {existsSync, mkdirSync, rmSync} from 'node:fs'
import {join} from 'node:path'
import {Failure, refused} from '../command-line.ts'
import {copyRoot} from '../guest.ts'
import {type Machine, writeJson} from '../store.ts'
import {alive, type Call, type Command, machinesNamed, option, print, spin, stopSpinning} from './context.ts'
import {hasSnapshots, type Snapshot, snapshotsOf} from './snapshot-list.ts'

const NOT_HERE = 'The snapshots feature is not implemented on this backend.'
const NAME = /^[A-Za-z]([A-Za-z0-9-]*[A-Za-z0-9])?$/

/** The only machine that is named; exit 2 unless it is stopped. */
function stopped(call: Call, name: string | undefined, deed: string): Machine {
  const [machine] = machinesNamed(call, name === undefined ? [] : [name])
  if (machine === undefined) throw new Failure(1, 'Need the name of an instance')
  alive(call.command, machine)
  if (machine.state !== 'Stopped') throw refused(call.command, `Multipass can only ${deed} stopped instances.`)
  return machine
}

export const snapshot: Command = (call) => {
  const {store} = call
  if (!hasSnapshots(call)) throw refused('snapshot', NOT_HERE)
  const machine = stopped(call, call.words[0], 'take snapshots of')
  const taken = snapshotsOf(call, machine.name)
  const name = option(call, 'name') ?? `snapshot${taken.length + 1}`
  if (!NAME.test(name)) throw refused('snapshot', `Invalid snapshot name: "${name}"`)
  if (taken.some((one) => one.name === name))
    throw refused('snapshot', `Snapshot already exists: ${machine.name}.${name}`)
  spin(call, 'Taking snapshot')
  const folder = join(store.snapshots(machine.name), name)
  store.locked(() => {
    copyRoot(store.root(machine.name), join(folder, 'root'))
    const {cpus, memory, disk} = machine
    const about: Snapshot = {
      name,
      created: Date.now(),
      comment: option(call, 'comment') ?? '',
      parent: taken.at(-1)?.name ?? '',
      children: [],
      cpus,
      memory,
      disk,
    }
    writeJson(join(folder, 'snapshot.json'), about)
  })
  stopSpinning(call)
  print(call, `Snapshot taken: ${machine.name}.${name}\n`)
  return 0
}

const pairOf = (word: string | undefined): [string, string] => {
  const [instance, name] = (word ?? '').split('.', 2)
  if (instance === undefined || name === undefined)
    throw new Failure(1, 'Invalid format. Please use format "instance.snapshot"')
  return [instance, name]
}

export const restore: Command = (call) => {
  const {store} = call
  if (!hasSnapshots(call)) throw refused('restore', NOT_HERE)
  const [name, wanted] = pairOf(call.words[0])
  const machine = stopped(call, name, 'restore')
  const found = snapshotsOf(call, name).find((one) => one.name === wanted)
  if (found === undefined) throw refused('restore', `No such snapshot: ${name}.${wanted}`)
  if (!call.options.has('destructive')) {
    throw new Failure(1, 'Unable to query client for confirmation. Use --destructive to discard the current state.')
  }
  spin(call, 'Restoring snapshot')
  store.locked(() => {
    copyRoot(join(store.snapshots(name), wanted, 'root'), store.root(name))
    store.save({...machine, cpus: found.cpus, memory: found.memory, disk: found.disk})
  })
  stopSpinning(call)
  print(call, `Snapshot restored: ${name}.${wanted}\n`)
  return 0
}

/** A whole machine again, with an address of its own. */
export const clone: Command = (call) => {
  const {store} = call
  const machine = stopped(call, call.words[0], 'clone')
  const name = option(call, 'name') ?? `${machine.name}-clone1`
  if (!NAME.test(name)) throw refused('clone', `Invalid instance name supplied: ${name}`)
  spin(call, `Cloning ${machine.name}`)
  store.locked(() => {
    if (store.find(name) !== undefined) throw refused('clone', `instance "${name}" already exists`)
    copyRoot(store.root(machine.name), store.root(name))
    store.save({...machine, name, ipv4: [`10.${randomInt(1, 250)}.${randomInt(1, 250)}.${randomInt(2, 254)}`]})
  })
  stopSpinning(call)
  print(call, `Cloned from ${machine.name} to ${name}.\n`)
  return 0
}

/** Names, or `INSTANCE.SNAPSHOT`. Without --purge a machine goes to the trash and keeps its name. */
export const remove: Command = (call) => {
  const {store} = call
  const purge = call.options.has('purge')
  const [machineNames, pairs] = [
    call.words.filter((word) => !word.includes('.')),
    call.words.filter((word) => word.includes('.')),
  ]
  const machines = machineNames.length > 0 || call.options.has('all') ? machinesNamed(call, machineNames) : []
  if (machines.length + pairs.length === 0) throw new Failure(1, 'Name argument or --all is required')
  if (pairs.length > 0 && !purge) {
    throw refused(
      'delete',
      'Snapshots can only be purged (after deletion, they cannot be recovered). Please use the `--purge` flag.',
    )
  }
  for (const [name, wanted] of pairs.map(pairOf)) {
    if (!existsSync(join(store.snapshots(name), wanted))) throw refused('delete', `No such snapshot: ${name}.${wanted}`)
    rmSync(join(store.snapshots(name), wanted), {recursive: true})
  }
  store.locked(() => {
    for (const machine of machines) {
      if (purge) store.drop(machine.name)
      else store.save({...machine, state: 'Deleted'})
    }
  })
  return 0
}

export const recover: Command = (call) => {
  for (const machine of machinesNamed(call)) {
    if (machine.state === 'Deleted') call.store.save({...machine, state: 'Stopped'})
  }
  return 0
}

/** All that is in the trash, whoever put it there. */
export const purge: Command = ({store}) => {
  mkdirSync(join(store.folder, 'instances'), {recursive: true})
  for (const machine of store.machines()) if (machine.state === 'Deleted') store.drop(machine.name)
  return 0
}
