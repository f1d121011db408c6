import {type LoadResult, startLoad} from '../../examples/load.ts'
import {pause, timed} from './home.ts'

/** Requests a second, open loop. */
export const RATE = 500

export interface Round {
  readonly ms: number
  readonly load: LoadResult
}

/** A deploy while requests come, and a moment before and after it. */
export async function underLoad(url: string, deploy: () => Promise<unknown>): Promise<Round> {
  const load = startLoad({url, ratePerSecond: RATE})
  await pause(300)
  const ms = await timed(deploy)
  await pause(300)
  return {ms, load: await load.stop()}
}

export const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0)
