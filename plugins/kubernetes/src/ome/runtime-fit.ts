import type {MemoryFit} from '@omni-cli/sdk'
import {flagCount, flagValue, type Program} from './arguments.ts'
import {type FitDevices, type FitLoad, memoryFit} from './fit.ts'
import {type FactSource, modelFacts} from './model-facts.ts'

/** Devices of one kind, by node. */
export interface DevicePool {
  /** Name of the class. */
  readonly name: string
  readonly gpuMemoryBytes: number | undefined
  readonly nodes: readonly {readonly name: string; readonly free: number; readonly total: number}[]
}

/** How a runtime uses devices. */
export interface RuntimeUse {
  /** Devices of one pod. */
  readonly gpus: number
  /** Pods of one replica. */
  readonly nodes: number
  readonly program: Program
}

const RANK = {fits: 0, tight: 1, unknown: 2, no: 3} as const satisfies Record<MemoryFit['verdict'], number>

export const compareFits = (a: MemoryFit, b: MemoryFit): number => RANK[a.verdict] - RANK[b.verdict]

/** Whether a model fits on the devices that a runtime asks for, of those that are free on single nodes now. */
export function runtimeFit(
  model: FactSource,
  load: FitLoad,
  use: RuntimeUse,
  pools: readonly DevicePool[] | undefined,
): MemoryFit {
  if (use.gpus === 0) {
    return {...memoryFit(model, load, undefined), verdict: 'unknown', reason: 'the runtime asks for no devices'}
  }
  if (pools === undefined) return memoryFit(model, load, undefined)
  const fits = pools.map((pool) => poolFit(model, load, use, pool))
  const [best] = fits.toSorted(compareFits)
  if (best !== undefined) return best
  const need = memoryFit(model, load, undefined)
  return {...need, verdict: 'no', gpus: use.gpus, reason: `needs ${devices(use)}, and no node has any`}
}

function poolFit(model: FactSource, load: FitLoad, use: RuntimeUse, pool: DevicePool): MemoryFit {
  const {gpuMemoryBytes} = pool
  const fit =
    gpuMemoryBytes === undefined
      ? {...memoryFit(model, load, undefined), gpus: use.gpus}
      : started(memoryFit(model, load, usedDevices(use, gpuMemoryBytes)), model, use)
  const enough = pool.nodes.filter(({free}) => free >= use.gpus)
  if (enough.length >= use.nodes) {
    if (gpuMemoryBytes !== undefined) return fit
    return {...fit, reason: `${fit.reason}; the memory of '${pool.name}' is not told`}
  }
  return {...fit, verdict: 'no', reason: `${shortage(use, pool)}${inMemory(fit)}`}
}

/** vLLM refuses to start when the cache cannot hold one sequence of its longest context, however short the real ones are. */
function started(fit: MemoryFit, model: FactSource, {program}: RuntimeUse): MemoryFit {
  const own = modelFacts(model).maxTokens
  const wanted = flagCount(program, 'context') ?? own
  if (fit.verdict !== 'fits' || program.engine !== 'vllm' || wanted === undefined) return fit
  const {longestContext = wanted, batch = 1} = fit
  const least = Math.min(wanted, own ?? wanted)
  if (longestContext * batch >= least) return fit
  const reason = `${fit.reason}; but vLLM only starts when ${least} tokens fit, and ${longestContext * batch} do: set its context`
  return {...fit, verdict: 'tight', reason}
}

const devices = ({gpus, nodes}: RuntimeUse): string =>
  nodes === 1 ? `${gpus} devices on one node` : `${gpus} devices on each of ${nodes} nodes`

function shortage(use: RuntimeUse, {name, nodes}: DevicePool): string {
  const [most] = nodes.toSorted((a, b) => b.free - a.free)
  const largest =
    most === undefined || most.free === 0 ? 'none is free' : `largest free is ${most.free} on ${most.name}`
  return `needs ${devices(use)} of '${name}', ${largest}`
}

/** What it would be if they were free. */
const inMemory = ({verdict}: MemoryFit): string =>
  verdict === 'fits' ? '; in memory it would fit' : verdict === 'no' ? '; nor would it fit in memory' : ''

function usedDevices({gpus, nodes, program}: RuntimeUse, gpuMemoryBytes: number): FitDevices {
  const total = gpus * nodes
  const split = flagCount(program, 'tensorParallel')
  // Experts are dealt out to all devices, whatever the tensor parallelism is.
  const isDealt = ['--enable-expert-parallel', '--ep-size', '--ep', '--enable-dp-attention'].some((flag) =>
    program.flags.has(flag),
  )
  const shard =
    split === undefined || isDealt ? total : Math.min(total, split * (flagCount(program, 'pipelineParallel') ?? 1))
  const share = Number(flagValue(program, 'memoryShare') ?? Number.NaN)
  return {
    ...{gpus: total, gpuMemoryBytes, shard},
    share: share > 0 && share <= 1 ? share : undefined,
    kvBytes: flagValue(program, 'cacheType')?.startsWith('fp8') === true ? 1 : undefined,
  }
}

const COUNTS = [1, 2, 4, 8, 16, 32, 64]

export interface SupposedDevices {
  readonly gpus?: number | undefined
  readonly gpuMemoryBytes: number
  /** No more than that. */
  readonly most: number
}

/** On that many devices, else on the fewest of 1, 2, 4 … that it fits on, else on the most. */
export function fewestDevices(model: FactSource, load: FitLoad, supposed: SupposedDevices): MemoryFit {
  const {gpus, gpuMemoryBytes, most} = supposed
  const counts = gpus === undefined ? COUNTS.filter((count) => count === 1 || count <= most) : [gpus]
  const fits = counts.map((count) => memoryFit(model, load, {gpus: count, gpuMemoryBytes}))
  const enough = fits.find(({verdict}) => verdict === 'fits' || verdict === 'unknown')
  return enough ?? fits.at(-1) ?? memoryFit(model, load, undefined)
}

/** What the free devices of a pool add to a fit that only looked at memory. */
export function withFree(fit: MemoryFit, pool: DevicePool): MemoryFit {
  const largest = Math.max(0, ...pool.nodes.map(({free}) => free))
  if (fit.gpus === undefined || fit.gpus <= largest || fit.verdict === 'no') return fit
  return {...fit, verdict: 'no', reason: `${fit.reason}; but of '${pool.name}' only ${largest} are free on one node`}
}
