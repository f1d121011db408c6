import {randomInt} from 'node:crypto'
import {writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {text} from 'node:stream/consumers'
import {firstBoot, readUserData} from '../cloud-init.ts'
import {Failure, isSince, refused} from '../command-line.ts'
import {makeRoot} from '../guest.ts'
import {type Image, imageFor} from '../images.ts'
import {readSize} from '../sizes.ts'
import type {Machine} from '../store.ts'
import {type Call, hang, inputOf, option, print, spin, stopSpinning, waitUntil} from './context.ts'
import {mountOne} from './transfer.ts'

const INIT_MS = 300_000

/** Creates and starts a machine. The daemon goes on with it when the client gives up. */
export async function launch(call: Call): Promise<number | undefined> {
  const {words, store, behaviour} = call
  if (words.length > 1) throw new Failure(1, 'Too many arguments supplied')
  const cpus = readCpus(option(call, 'cpus'))
  const memory = sizeOption(call, 'memory', '1G')
  const disk = sizeOption(call, 'disk', '5G')
  const timeout = readTimeout(option(call, 'timeout'))
  const userData = await cloudInitOption(call)
  if (call.fault('hang')) await hang(call)

  const image = imageFor(words[0] ?? 'lts', behaviour.version)
  const networks = checkNetworks(call)
  checkMinima(call, {memory, disk, image})
  const name = option(call, 'name') ?? `able-${randomInt(1000, 9999)}`
  if (!/^[A-Za-z]([A-Za-z0-9-]*[A-Za-z0-9])?$/.test(name)) {
    throw refused('launch', `Invalid arguments supplied\nInvalid instance name supplied: ${name}`)
  }
  spin(call, 'Retrieving image')
  if (call.fault('image-download', name)) {
    stopSpinning(call)
    throw refused('launch', `failed to download from 'http://cloud-images/${image.key}.img': network timeout`)
  }
  const readyAt = Date.now() + behaviour.bootMs + (call.fault('launch-timeout', name) ? 300 : 0)
  const doneAt = readyAt + behaviour.initMs
  store.locked(() => {
    if (store.find(name) !== undefined) throw refused('launch', `instance "${name}" already exists`)
    makeRoot(store.root(name), name)
    firstBoot(store, {name, userData, doneAt, fault: faultOfFirstBoot(call, name)})
    store.save({...newMachine(name, image), readyAt, cpus, memory, disk, networks})
  })
  spin(call, `Starting ${name}`)
  await awaitLaunch(call, name, {timeout, readyAt, doneAt})
  for (const spec of call.options.get('mount') ?? []) mountOne(call, spec)
  stopSpinning(call)
  print(call, `Launched: ${name}\n`)
  return 0
}

const newMachine = (
  name: string,
  image: Image,
): Omit<Machine, 'readyAt' | 'cpus' | 'memory' | 'disk' | 'networks'> => ({
  name,
  state: 'Starting',
  release: image.release,
  os: image.os,
  imageHash: image.hash,
  ipv4: [`10.${randomInt(1, 250)}.${randomInt(1, 250)}.${randomInt(2, 254)}`],
  mounts: {},
})

function faultOfFirstBoot(call: Call, name: string) {
  return (['cloud-init-error', 'cloud-init-degraded', 'cloud-init-never'] as const).find((kind) =>
    call.fault(kind, name),
  )
}

/** Ends as the client does: with the machine ready, or with what it says when it is not. */
async function awaitLaunch(
  call: Call,
  name: string,
  {timeout, readyAt, doneAt}: {readonly timeout: number | undefined; readonly readyAt: number; readonly doneAt: number},
): Promise<void> {
  const givesUpAt = timeout === undefined ? Number.POSITIVE_INFINITY : Date.now() + timeout
  if (call.fault('half-made', name)) {
    call.store.save({...find(call, name), state: 'Stopped'})
    throw refused('launch', `failed to start "${name}": qemu-system: cannot allocate memory`)
  }
  if (call.fault('launch-timeout', name)) throw new Failure(5, 'Timed out waiting for instance launch.')
  await waitUntil(call, Math.min(readyAt, givesUpAt))
  if (Date.now() < readyAt) throw new Failure(5, 'Timed out waiting for instance launch.')
  call.store.locked(() => call.store.save({...find(call, name), state: 'Running'}))
  if (call.fault('init-timeout', name) || call.fault('cloud-init-never', name)) throw initTimeout()
  await waitUntil(call, Math.min(doneAt, givesUpAt, readyAt + INIT_MS))
  if (Date.now() < doneAt)
    throw doneAt > givesUpAt ? new Failure(5, 'Timed out waiting for instance launch.') : initTimeout()
  writeFileSync(join(call.store.root(name), 'var/lib/cloud/instance/boot-finished'), '')
}

const initTimeout = () => refused('launch', 'timed out waiting for initialization to complete')

function find({store}: Call, name: string): Machine {
  const found = store.find(name)
  if (found === undefined) throw refused('launch', `instance "${name}" does not exist`)
  return found
}

function readCpus(given: string | undefined): number {
  if (given === undefined) return 1
  if (!/^[1-9]\d*$/.test(given)) {
    throw new Failure(1, `error: Invalid CPU count '${given}', need a positive integer value.`)
  }
  return Number(given)
}

function sizeOption(call: Call, name: 'memory' | 'disk', otherwise: string): number {
  const given = option(call, name) ?? otherwise
  const size = readSize(given)
  if (size === undefined) throw new Failure(1, `error: ${given} is not a valid memory size`)
  return size
}

function readTimeout(given: string | undefined): number | undefined {
  if (given === undefined) return undefined
  if (!/^[1-9]\d*$/.test(given)) throw new Failure(1, 'error: --timeout value has to be a positive integer')
  return Number(given) * 1000
}

/** Minima by version; an image has one of its own for the disk. */
function checkMinima(
  {behaviour, options}: Call,
  {memory, disk, image}: {readonly memory: number; readonly disk: number; readonly image: Image},
): void {
  const isNew = isSince(behaviour.version, '1.17')
  const invalid = (what: string, given: string | undefined) =>
    refused('launch', `Invalid arguments supplied\nInvalid ${what} size value supplied: ${given}.`)
  if (memory < (isNew ? 512 : 128) * 1024 ** 2) throw invalid('memory', options.get('memory')?.at(-1))
  if (disk < (isNew ? 1024 : 512) * 1024 ** 2) throw invalid('disk', options.get('disk')?.at(-1))
  if (disk < image.minDisk) {
    throw refused('launch', `Requested disk (${disk} bytes) below minimum for this image (${image.minDisk} bytes)`)
  }
}

async function cloudInitOption(call: Call): Promise<Readonly<Record<string, unknown>>> {
  const given = option(call, 'cloud-init')
  if (given === undefined) return {}
  if (given !== '-') {
    throw new Failure(
      1,
      `error: Could not load cloud-init configuration: bad file: ${given}\nPlease ensure that Multipass can read it.`,
    )
  }
  return await readUserData(await text(inputOf(call)))
}

function checkNetworks(call: Call): string[] {
  const bridge = call.store.settings()['local.bridged-network']
  if (call.options.has('bridged') && bridge === undefined) {
    throw refused('launch', 'You have to `multipass set local.bridged-network=<name>` to use the `--bridged` shortcut.')
  }
  const wanted = (call.options.get('network') ?? []).map((spec) => /(?:^|,)name=([^,]+)/.exec(spec)?.[1] ?? spec)
  const unknown = wanted.find((name) => !call.behaviour.networks.some((network) => network.name === name))
  if (unknown !== undefined)
    throw refused('launch', `Invalid network options supplied\nNetwork "${unknown}" does not exist.`)
  return call.options.has('bridged') && bridge !== undefined ? [...wanted, bridge] : wanted
}
