import {isSince, refused} from '../command-line.ts'
import {readSize, showSize} from '../sizes.ts'
import type {Machine} from '../store.ts'
import {type Call, type Command, print} from './context.ts'

const GLOBAL: Readonly<Record<string, string>> = {
  'client.primary-name': 'primary',
  'local.driver': 'qemu',
  'local.bridged-network': '',
  'local.passphrase': '',
  'local.privileged-mounts': 'true',
}

/** `local.NAME.cpus` and its like. */
function instanceKey(call: Call, key: string): {readonly machine: Machine; readonly property: string} {
  const [, name, property] = /^local\.([^.]+)\.(cpus|memory|disk|bridged)$/.exec(key) ?? []
  const machine = name === undefined ? undefined : call.store.find(name)
  if (property === undefined) throw refused(call.command, `Unrecognized settings key: '${key}'`)
  if (machine === undefined) throw refused(call.command, `No such instance: '${name}'`)
  return {machine, property}
}

/** Sizes change on a stopped machine only, and a disk only grows. All of these errors exit 2. */
export const set: Command = (call) => {
  const word = call.words[0] ?? ''
  const at = word.indexOf('=')
  const [key, value] = [word.slice(0, at), word.slice(at + 1)]
  const {store} = call
  if (Object.hasOwn(GLOBAL, key)) {
    store.locked(() => store.saveSettings({...store.settings(), [key]: value}))
    return 0
  }
  const {machine, property} = instanceKey(call, key)
  const wrong = (why: string) => refused('set', `Invalid setting '${key}=${value}': ${why}`)
  if (machine.state !== 'Stopped')
    throw refused(
      'set',
      `Cannot update instance settings; instance: ${machine.name}; reason: Instance must be stopped for modification`,
    )
  if (property === 'bridged') {
    if (value !== 'true') throw wrong('Bridged interface cannot be removed')
    store.save({...machine, networks: [...machine.networks, store.settings()['local.bridged-network'] ?? '']})
    return 0
  }
  const changed = property === 'cpus' ? (/^[1-9]\d*$/.test(value) ? Number(value) : undefined) : readSize(value)
  if (changed === undefined) throw wrong('Need a positive integer')
  if (property === 'disk' && changed < machine.disk) throw wrong('Disk can only be expanded')
  const minMemory = (isSince(call.behaviour.version, '1.17') ? 512 : 128) * 1024 ** 2
  if (property === 'memory' && changed < minMemory) throw wrong('Memory less than minimum allowed')
  store.locked(() => store.save({...machine, [property]: changed}))
  return 0
}

export const get: Command = (call) => {
  const {store, options, words} = call
  if (options.has('keys')) {
    const own = store
      .machines()
      .flatMap(({name}) => ['bridged', 'cpus', 'disk', 'memory'].map((key) => `local.${name}.${key}`))
    print(call, `${[...Object.keys(GLOBAL), ...own].sort().join('\n')}\n`)
    return 0
  }
  const key = words[0] ?? ''
  if (Object.hasOwn(GLOBAL, key)) {
    const value = store.settings()[key] ?? GLOBAL[key] ?? ''
    print(call, `${value === '' && !options.has('raw') ? '<empty>' : value}\n`)
    return 0
  }
  const {machine, property} = instanceKey(call, key)
  if (property === 'bridged') print(call, `${machine.networks.length > 0}\n`)
  else if (property === 'cpus') print(call, `${machine.cpus}\n`)
  else {
    const size = property === 'memory' ? machine.memory : machine.disk
    print(call, `${options.has('raw') ? size : showSize(size)}\n`)
  }
  return 0
}
