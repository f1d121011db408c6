import type {Engine} from './engine/engine.ts'
import {infoSchema, read} from './wire.ts'

export interface Machine {
  readonly version: string
  /** As the kernel calls it: `x86_64`. */
  readonly architecture: string
  /** Addresses of containers can be reached from here. */
  readonly isDirect: boolean
  /** Add it to our clock to get the Engine's. */
  readonly clockOffsetMs: number
}

/** One question each time; the caller keeps the answer. */
export async function examineMachine(engine: Engine): Promise<Machine> {
  const asked = Date.now()
  const info = read(infoSchema, await engine.call('GET', '/info'), 'description of itself')
  const isRootless = (info.SecurityOptions ?? []).some((option) => option.includes('name=rootless'))
  const isDesktop = info.OperatingSystem === 'Docker Desktop'
  const theirs = Date.parse(info.SystemTime ?? '')
  return {
    version: info.ServerVersion ?? 'unknown',
    architecture: info.Architecture ?? 'unknown',
    isDirect: engine.isLocal && !isRootless && !isDesktop,
    // On one machine there is one clock; else the answer is from between the question and now.
    clockOffsetMs: engine.isLocal || Number.isNaN(theirs) ? 0 : theirs - (asked + Date.now()) / 2,
  }
}
