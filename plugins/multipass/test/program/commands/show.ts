import {isSince, refused} from '../command-line.ts'
import {imagesOf} from '../images.ts'
import type {Machine} from '../store.ts'
import {type Call, type Command, machinesNamed, option, print, printJson} from './context.ts'
import {hasSnapshots, type Snapshot, snapshotsOf} from './snapshot-list.ts'

const isJson = (call: Call) => option(call, 'format') === 'json'
const isUp = ({state}: Machine) => state === 'Running'

export const list: Command = (call) => {
  const machines = call.store.machines()
  if (call.options.has('snapshots')) {
    const info = Object.fromEntries(
      machines
        .map(({name}) => [name, snapshotsOf(call, name)] as const)
        .filter(([, found]) => found.length > 0)
        .map(([name, found]) => [
          name,
          Object.fromEntries(found.map(({name, parent, comment}) => [name, {parent, comment}])),
        ]),
    )
    printJson(call, {errors: [], info})
    return 0
  }
  const rows = machines.map((machine) => ({
    ipv4: isUp(machine) ? machine.ipv4 : [],
    name: machine.name,
    release: isUp(machine) ? `${machine.os} ${machine.release}` : 'Not Available',
    state: machine.state,
    ...(isSince(call.behaviour.version, '1.17') ? {zone: {available: true, name: 'zone1'}} : {}),
  }))
  if (isJson(call)) printJson(call, {list: rows})
  else if (rows.length === 0) print(call, 'No instances found.\n')
  else {
    print(call, 'Name                    State             IPv4             Image\n')
    for (const {name, state, ipv4, release} of rows) {
      print(call, `${name.padEnd(24)}${state.padEnd(18)}${(ipv4[0] ?? '--').padEnd(17)}${release}\n`)
    }
  }
  return 0
}

export const info: Command = (call) => {
  const pairs = call.words.map((word) => word.split('.', 2) as [string, string?])
  const machines =
    pairs.length === 0
      ? call.store.machines()
      : machinesNamed(
          call,
          pairs.map(([name]) => name),
        )
  const onlySnapshots = call.options.has('snapshots') || pairs.some(([, snapshot]) => snapshot !== undefined)
  const found = machines.map((machine): [string, unknown] => {
    const wanted = pairs.find(([name]) => name === machine.name)?.[1]
    if (!onlySnapshots) return [machine.name, details(call, machine)]
    const all = snapshotsOf(call, machine.name).filter(({name}) => wanted === undefined || name === wanted)
    if (wanted !== undefined && all.length === 0) throw refused('info', `No such snapshot: ${machine.name}.${wanted}`)
    return [
      machine.name,
      {snapshots: Object.fromEntries(all.map((snapshot) => [snapshot.name, snapshotDetails(snapshot)]))},
    ]
  })
  if (isJson(call)) printJson(call, {errors: [], info: Object.fromEntries(found)})
  else for (const [name, about] of found) print(call, `Name:           ${name}\n${JSON.stringify(about)}\n`)
  return 0
}

/** Without runtime information nothing is asked of the machine itself. */
function details(call: Call, machine: Machine): Record<string, unknown> {
  const asked = isUp(machine) && !call.options.has('no-runtime-information')
  return {
    cpu_count: asked ? String(machine.cpus) : '',
    disks: {sda1: asked ? {total: String(machine.disk - 150_000_000), used: '1500000000'} : {}},
    image_hash: machine.imageHash,
    image_release: machine.release,
    ipv4: isUp(machine) ? machine.ipv4 : [],
    load: asked ? [0.5, 0.2, 0.1] : [],
    memory: asked ? {total: Math.floor(machine.memory * 0.95), used: 150_000_000} : {},
    mounts: Object.fromEntries(
      Object.entries(machine.mounts).map(([target, {source, uid, gid}]) => [
        target,
        {gid_mappings: [`${gid}:default`], source_path: source, uid_mappings: [`${uid}:default`]},
      ]),
    ),
    release: asked ? `${machine.os} ${machine.release}` : '',
    ...(hasSnapshots(call) ? {snapshot_count: String(snapshotsOf(call, machine.name).length)} : {}),
    state: machine.state,
  }
}

const snapshotDetails = ({cpus, disk, memory, created, parent, children, comment}: Snapshot) => ({
  children,
  comment,
  cpu_count: String(cpus),
  created: localText(created),
  disk_space: String(disk),
  memory_size: String(memory),
  mounts: {},
  parent,
  size: '1.2MiB',
})

/** `Sat Nov 21 14:30:00 2026 UTC`: the time of this place, not ISO. */
function localText(created: number): string {
  const [day, month, date, year, time] = new Date(created).toString().split(' ')
  return `${day} ${month} ${date} ${time} ${year} UTC`
}

export const find: Command = (call) => {
  const images = Object.fromEntries(
    imagesOf(call.behaviour.version).map(({key, aliases, os, release, version, remote}) => [
      key,
      {aliases, os, release, remote, version},
    ]),
  )
  const blueprints = blueprintKey(call.behaviour.version)
  if (isJson(call)) printJson(call, {...(blueprints === undefined ? {} : {[blueprints]: {}}), errors: [], images})
  else for (const key of Object.keys(images)) print(call, `${key}\n`)
  return 0
}

const blueprintKey = (version: string): string | undefined =>
  isSince(version, '1.17') ? undefined : isSince(version, '1.16') ? 'blueprints (deprecated)' : 'blueprints'

export const networks: Command = (call) => {
  const found = call.behaviour.networks
  if (isJson(call)) printJson(call, {list: found.map(({name, type, description}) => ({description, name, type}))})
  else for (const {name, type, description} of found) print(call, `${name}  ${type}  ${description}\n`)
  return 0
}

/** The only command that works without the daemon, whose version it leaves out then. */
export const version: Command = (call) => {
  const isUp = !call.fault('daemon-down')
  const {version} = call.behaviour
  if (isJson(call)) printJson(call, {multipass: version, ...(isUp ? {multipassd: version} : {})})
  else print(call, `multipass   ${version}\n${isUp ? `multipassd  ${version}\n` : ''}`)
  return 0
}
