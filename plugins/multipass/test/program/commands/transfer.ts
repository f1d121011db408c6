import {
  cpSync,
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs'
import {homedir} from 'node:os'
import {basename, dirname, join, resolve} from 'node:path'
import {pipeline} from 'node:stream/promises'
import {Failure, refused} from '../command-line.ts'
import {placeOf} from '../guest.ts'
import type {Machine} from '../store.ts'
import {alive, type Call, type Command, inputOf, machinesNamed, option} from './context.ts'

interface Place {
  readonly path: string
  /** Undefined: on the host, or the standard streams. */
  readonly machine: Machine | undefined
  readonly isStream: boolean
}

function readPlace(call: Call, word: string): Place {
  if (word === '-') return {path: '-', machine: undefined, isStream: true}
  const [, name, path] = /^([A-Za-z][A-Za-z0-9-]*):(.*)$/.exec(word) ?? []
  if (name === undefined || path === undefined) return {path: resolve(word), machine: undefined, isStream: false}
  const [machine] = machinesNamed(call, [name])
  if (machine === undefined) throw refused('transfer', `instance "${name}" does not exist`)
  alive('transfer', machine)
  if (machine.state !== 'Running') throw refused('transfer', `instance "${name}" is not running`)
  return {path, machine, isStream: false}
}

/** Between host and machine, as the user ubuntu of it; `-` is a standard stream, for one file. */
export async function transfer(call: Call): Promise<number> {
  const places = call.words.map((word) => readPlace(call, word))
  const target = places.at(-1)
  const sources = places.slice(0, -1)
  if (target === undefined || sources.length === 0) throw new Failure(1, 'Not enough arguments given')
  for (const {path, machine, isStream} of places) if (machine === undefined && !isStream) checkConfinement(path)
  if (target.isStream) {
    await pipeline(createReadStream(sourceOf(call, sources[0] ?? target)), call.stdout, {end: false})
    return 0
  }
  const destination = target.machine === undefined ? target.path : writable(call, target.machine, target.path)
  if (sources[0]?.isStream === true) {
    await pipeline(inputOf(call), createWriteStream(destination))
    return 0
  }
  for (const source of sources) copyOne(call, sourceOf(call, source), destination)
  return 0
}

const sourceOf = (call: Call, {machine, path}: Place): string => {
  const place = machine === undefined ? path : placeOf(path, call.store.root(machine.name))
  if (!existsSync(place)) throw refused('transfer', `[sftp] source "${path}" does not exist`)
  if (statSync(place).isDirectory() && !call.options.has('recursive')) {
    throw refused('transfer', `[sftp] cannot open remote file "${path}": Is a directory`)
  }
  return place
}

/** The user ubuntu writes at home and in the folders for everybody. */
function writable(call: Call, machine: Machine, path: string): string {
  const root = call.store.root(machine.name)
  const place = placeOf(path, root)
  const isAllowed = ['home/ubuntu', 'tmp', 'var/tmp', 'mnt'].some((folder) => place.startsWith(join(root, folder)))
  if (!isAllowed) throw refused('transfer', `[sftp] cannot open remote file "${path}": Permission denied`)
  if (call.options.has('parents')) mkdirSync(dirname(place), {recursive: true})
  if (!existsSync(dirname(place))) throw refused('transfer', `[sftp] cannot open remote file "${path}": No such file`)
  return place
}

function copyOne(call: Call, source: string, destination: string): void {
  const isFolder = existsSync(destination) && statSync(destination).isDirectory()
  const place = isFolder ? join(destination, basename(source)) : destination
  cpSync(source, place, {recursive: call.options.has('recursive'), verbatimSymlinks: true})
}

/** The snap reads and writes below the home folder only, and nothing hidden in it. */
function checkConfinement(path: string): void {
  const home = homedir()
  if (path.startsWith(`${home}/`) && !path.slice(home.length).includes('/.')) return
  throw refused('transfer', `cannot access "${path}": Permission denied`)
}

/** `SOURCE:TARGET` of a launch, for the machine that was just made. */
export function mountOne(call: Call, spec: string): void {
  const at = spec.indexOf(':')
  const [source, target] = at === -1 ? [spec, spec] : [spec.slice(0, at), spec.slice(at + 1)]
  addMount(call, option(call, 'name') ?? '', resolve(source), target)
}

function addMount(call: Call, name: string, source: string, target: string): void {
  const {store, command} = call
  if (store.settings()['local.privileged-mounts'] === 'false')
    throw refused(command, 'Mounts are disabled on this installation of Multipass.')
  if (!existsSync(source)) throw refused(command, `Source path "${source}" does not exist`)
  if (!statSync(source).isDirectory()) throw refused(command, `Source path "${source}" is not a directory`)
  const place = placeOf(target, store.root(name))
  store.locked(() => {
    const machine = store.find(name)
    if (machine === undefined) throw refused(command, `instance "${name}" does not exist`)
    if (machine.mounts[target] !== undefined) throw refused(command, `"${target}" is already mounted in '${name}'`)
    mkdirSync(dirname(place), {recursive: true})
    rmSync(place, {recursive: true, force: true})
    symlinkSync(source, place)
    const [uid, gid] = [process.getuid?.() ?? 1000, process.getgid?.() ?? 1000]
    store.save({...machine, mounts: {...machine.mounts, [target]: {source, uid, gid}}})
  })
}

const instanceAndPath = (word: string): [string, string | undefined] => {
  const at = word.indexOf(':')
  return at === -1 ? [word, undefined] : [word.slice(0, at), word.slice(at + 1)]
}

export const mount: Command = (call) => {
  const [source = '', ...targets] = call.words
  if (targets.length === 0) throw new Failure(1, 'Not enough arguments given')
  for (const word of targets) {
    const [name, path] = instanceAndPath(word)
    for (const machine of machinesNamed(call, [name]))
      addMount(call, alive('mount', machine).name, resolve(source), path ?? source)
  }
  return 0
}

export const umount: Command = (call) => {
  if (call.words.length === 0) throw new Failure(1, 'Not enough arguments given')
  for (const word of call.words) {
    const [name, path] = instanceAndPath(word)
    const [machine] = machinesNamed(call, [name])
    if (machine === undefined) continue
    const gone = Object.keys(machine.mounts).filter((target) => path === undefined || target === path)
    if (gone.length === 0 && path !== undefined) throw refused('umount', `path "${path}" is not mounted in '${name}'`)
    for (const target of gone) rmSync(placeOf(target, call.store.root(name)), {force: true})
    const mounts = Object.fromEntries(Object.entries(machine.mounts).filter(([target]) => !gone.includes(target)))
    call.store.locked(() => call.store.save({...machine, mounts}))
  }
  return 0
}
