import {type CallOptions, messageOf, sleep} from '@omni-cli/sdk'
import type {Fetched, IncusClient} from '../client/client.ts'
import {instanceWire, type WireInstance} from '../client/wire.ts'
import {getInstance, readInstance} from './requests.ts'

const EVERY_MS = 100
/** A stop takes about half a second. */
const PATIENCE_MS = 2000

/**
 * Lists until everything of all machines is told. While one stops, starts or gets a new disk, Incus lists it as failed, without
 * its settings: nobody could say whose it is. One that stays like that, as on a lost member, is given as it is.
 */
export async function listWhole(
  list: () => Promise<readonly WireInstance[]>,
  {signal, patienceMs = PATIENCE_MS}: Pick<CallOptions, 'signal'> & {readonly patienceMs?: number} = {},
): Promise<readonly WireInstance[]> {
  const end = Date.now() + patienceMs
  for (;;) {
    const found = await list()
    if (found.every(isWhole) || Date.now() >= end) return found
    await sleep(EVERY_MS, signal)
  }
}

const isWhole = ({architecture}: WireInstance): boolean => architecture !== ''

/** One machine, undefined when it is absent. While it stops, Incus fails to tell its state, and tells the rest without. */
export async function findWhole(
  client: IncusClient,
  name: string,
  options?: CallOptions,
): Promise<Fetched<WireInstance> | undefined> {
  try {
    return await client.find(instanceWire, getInstance(name), options)
  } catch (error) {
    if (!/invalid pid/i.test(messageOf(error))) throw error
    const found = await client.find(instanceWire, readInstance(name), options)
    return found === undefined || found.value.status_code !== FAILED
      ? found
      : {...found, value: asStopping(found.value)}
  }
}

/** That its state cannot be told is told as a failure of the machine. */
const asStopping = (instance: WireInstance): WireInstance => ({...instance, status: 'Stopping', status_code: STOPPING})

const FAILED = 112
const STOPPING = 107
