import type {InstanceWire} from '../client/wire.ts'
import type {Kept} from './records.ts'

/** A launch that was cut off may still lead to a machine within this, in milliseconds. */
export const LAUNCH_MS = 60 * 60_000

export type Belief =
  /** It is the machine that we have made. */
  | 'ours'
  /** Another machine of the same name: somebody removed ours and made this one. */
  | 'another'
  /** Only the machine itself can tell, by its id. */
  | 'ask'

/**
 * Whether what is kept under a name is about the machine that has it now. Names come back when machines are removed and made
 * by hand; labels of the old one on the new one would give it to a plan, which may remove it.
 */
export function belief(kept: Kept, seen: InstanceWire, now: number): Belief {
  if (kept.imageHash === undefined) return isYoung(kept, now) ? 'ours' : 'another'
  if (kept.imageHash !== seen.image_hash) return 'another'
  const hasMoved = kept.address !== undefined && seen.ipv4.length > 0 && !seen.ipv4.includes(kept.address)
  return hasMoved && kept.machineId !== undefined ? 'ask' : 'ours'
}

export const isYoung = ({createdAt}: Kept, now: number): boolean => now - Date.parse(createdAt) < LAUNCH_MS

/** What is known of the machine now that it was seen. */
export const learned = (kept: Kept, seen: InstanceWire): Kept => ({
  ...kept,
  imageHash: seen.image_hash,
  ...(seen.ipv4[0] === undefined ? {} : {address: seen.ipv4[0]}),
})
