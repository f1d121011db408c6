import {constants} from 'node:os'
import type {ExitInfo} from '@omni-cli/sdk'
import type {Container} from './wire.ts'

export interface Ending {
  readonly code: number
  /** RFC 3339. */
  readonly at: string
  /** Signals that the Engine has sent to it. */
  readonly signals?: ReadonlySet<number> | undefined
  readonly oomKilled?: boolean | undefined
}

/**
 * The Engine reports 128 + n for a process that a signal ended, and so do programs by themselves: it is a signal when the
 * Engine has sent it, or the kernel has killed for want of memory.
 */
export function exitInfo({code, at, signals, oomKilled = false}: Ending): ExitInfo {
  const isOutOfMemory = oomKilled && code === 128 + constants.signals.SIGKILL
  const signal = isOutOfMemory || signals?.has(code - 128) ? signalName(code - 128) : undefined
  return {
    ...(signal === undefined ? {code} : {signal}),
    at,
    ...(isOutOfMemory ? {oomKilled: true} : {}),
  }
}

const signalName = (number: number): string | undefined =>
  Object.entries(constants.signals).find(([, value]) => value === number)?.[0]

/** Of a container that does not run; one that never ran has no end to speak of. */
export function exitOf({State}: Container, signals?: ReadonlySet<number>): ExitInfo {
  const hasEnded = !State.FinishedAt.startsWith('0001')
  const at = hasEnded ? State.FinishedAt : new Date().toISOString()
  if (!hasEnded && State.ExitCode === 0) return {at}
  return exitInfo({code: State.ExitCode, at, signals, oomKilled: State.OOMKilled ?? false})
}
