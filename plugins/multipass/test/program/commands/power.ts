import {refused} from '../command-line.ts'
import type {Machine} from '../store.ts'
import {alive, type Call, type Command, machinesNamed, spin, stopSpinning, waitUntil} from './context.ts'
import {hasSnapshots} from './snapshot-list.ts'

/** Makes one run, as `start` and `exec` do. */
export async function startOne(call: Call, machine: Machine): Promise<void> {
  const {store, behaviour} = call
  if (machine.state === 'Running') return
  if (machine.state === 'Suspended' && call.fault('stuck-suspended', machine.name)) {
    throw refused(call.command, 'timed out waiting for response')
  }
  const readyAt = machine.state === 'Starting' ? machine.readyAt : Date.now() + behaviour.bootMs
  store.locked(() => store.save({...machine, state: 'Starting', readyAt}))
  await waitUntil(call, readyAt)
  store.locked(() => store.save({...machine, state: 'Running', readyAt}))
}

export const start: Command = async (call) => {
  const machines = machinesNamed(call).map((machine) => alive('start', machine))
  spin(call, 'Starting')
  for (const machine of machines) await startOne(call, machine)
  stopSpinning(call)
  return 0
}

export const stop: Command = (call) => {
  for (const machine of machinesNamed(call).map((machine) => alive('stop', machine))) {
    if (machine.state === 'Stopped') continue
    if (machine.state === 'Suspended' && !call.options.has('force')) continue
    if (call.fault('unknown-state', machine.name) && !call.options.has('force')) {
      throw refused('stop', 'timed out waiting for response')
    }
    call.store.locked(() => call.store.save({...machine, state: 'Stopped'}))
  }
  return 0
}

export const restart: Command = async (call) => {
  for (const machine of machinesNamed(call).map((machine) => alive('restart', machine))) {
    if (machine.state !== 'Running') throw refused('restart', `instance "${machine.name}" is not running`)
    const readyAt = Date.now() + call.behaviour.bootMs
    call.store.locked(() => call.store.save({...machine, state: 'Restarting', readyAt}))
    await waitUntil(call, readyAt)
    call.store.locked(() => call.store.save({...machine, state: 'Running', readyAt}))
  }
  return 0
}

export const suspend: Command = (call) => {
  if (!hasSnapshots(call)) throw refused('suspend', 'The suspend feature is not implemented on this backend.')
  for (const machine of machinesNamed(call).map((machine) => alive('suspend', machine))) {
    if (machine.state === 'Running') call.store.save({...machine, state: 'Suspended'})
  }
  return 0
}
