import {type CallOptions, sleep} from '@omni-cli/sdk'
import type {WireInstance} from '../client/wire.ts'

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
