import {formatBytes, type MemoryFit} from '@omni-cli/sdk'
import {type CacheShape, type FactSource, type ModelFacts, modelFacts} from './model-facts.ts'

/** Devices of one replica, and how they are used. */
export interface FitDevices {
  readonly gpus: number
  readonly gpuMemoryBytes: number
  /** Devices that one copy of the weights is dealt out to; default: all. */
  readonly shard?: number | undefined
  /** Part of the memory that the server takes. Default 0.9. */
  readonly share?: number | undefined
  /** Bytes of one number in the cache. Default 2; 1 for a cache of fp8. */
  readonly kvBytes?: number | undefined
}

export interface FitLoad {
  readonly contextTokens?: number | undefined
  readonly batch?: number | undefined
}

/** Programs, graphs and what is computed in between, of one device. */
const OVERHEAD_BYTES = 1.5 * 1024 ** 3
const DEFAULT_CONTEXT = 8192

/** Whether a model fits on devices. Pure; an estimate that says how sure it is. */
export function memoryFit(model: FactSource, load: FitLoad, devices: FitDevices | undefined): MemoryFit {
  const facts = modelFacts(model, devices?.kvBytes)
  const need = memoryNeed(facts, load, devices?.gpus ?? 1)
  if (need === undefined) {
    return {verdict: 'unknown', reason: 'neither the size of the model nor its config.json is known'}
  }
  const {weightsBytes, cacheBytes, overheadBytes, contextTokens, batch} = need
  const shown = {weightsBytes, cacheBytes, overheadBytes, contextTokens, batch}
  const total = weightsBytes + cacheBytes * batch + overheadBytes
  if (devices === undefined) {
    return {
      verdict: 'unknown',
      ...shown,
      reason: `needs about ${formatBytes(total)}${sureness(facts)}; no devices are known`,
    }
  }
  const shard = Math.min(devices.shard ?? devices.gpus, devices.gpus)
  const availableBytes = Math.floor(shard * devices.gpuMemoryBytes * (devices.share ?? 0.9))
  const spread = {...need, overheadBytes: OVERHEAD_BYTES * shard, cacheBytes: dealtCache(need, shard)}
  const verdict = verdictOf(spread, availableBytes)
  return {
    ...{verdict, ...shown, cacheBytes: spread.cacheBytes, overheadBytes: spread.overheadBytes, availableBytes},
    ...{gpus: devices.gpus, longestContext: longestContext(facts, spread, availableBytes)},
    reason: reasonOf(verdict, spread, {facts, devices, shard, availableBytes}),
  }
}

interface Need {
  readonly weightsBytes: number
  /** Of one sequence. */
  readonly cacheBytes: number
  readonly overheadBytes: number
  readonly contextTokens: number
  readonly batch: number
  readonly shape: CacheShape
  /** Part by which weights and cache may be more or less. */
  readonly doubt: {readonly weights: number; readonly cache: number}
}

function memoryNeed(facts: ModelFacts, load: FitLoad, gpus: number): Need | undefined {
  if (facts.parameters === undefined) return undefined
  const shape = facts.cache ?? roughCache(facts.parameters)
  const contextTokens = load.contextTokens ?? Math.min(facts.maxTokens ?? DEFAULT_CONTEXT, DEFAULT_CONTEXT)
  const isVague = facts.doubts.length > 0
  return {
    weightsBytes: Math.round(facts.parameters * facts.bytesPerParameter),
    cacheBytes: cacheOf(shape, contextTokens),
    overheadBytes: OVERHEAD_BYTES * gpus,
    ...{contextTokens, batch: load.batch ?? 1, shape},
    doubt: {
      weights: facts.areParametersGuessed ? 0.25 : isVague ? 0.1 : 0.05,
      cache: facts.cache === undefined ? 3 : isVague ? 1 : 0.1,
    },
  }
}

/** What models of this size mostly keep, when nothing is known of their layers. */
const roughCache = (parameters: number): CacheShape => ({
  fullBytes: 131_072 * (parameters / 8e9) ** 0.42,
  ...{windowBytes: 0, window: 0, heads: 8},
})

const cacheOf = ({fullBytes, windowBytes, window}: CacheShape, tokens: number): number =>
  Math.round(fullBytes * tokens + windowBytes * Math.min(tokens, window))

/** More devices than heads: some keep the same. */
const copiesOf = ({heads}: CacheShape, shard: number): number => Math.max(1, shard / heads)

const dealtCache = ({cacheBytes, shape}: Need, shard: number): number => Math.round(cacheBytes * copiesOf(shape, shard))

function verdictOf(need: Need, availableBytes: number): MemoryFit['verdict'] {
  const {weightsBytes, cacheBytes, overheadBytes, batch, doubt} = need
  const cache = cacheBytes * batch
  const most = weightsBytes * (1 + doubt.weights) + cache * (1 + doubt.cache) + overheadBytes
  const fewest = weightsBytes * (1 - doubt.weights) + cache / (1 + doubt.cache) + overheadBytes / 2
  if (most <= availableBytes) return 'fits'
  return fewest > availableBytes ? 'no' : 'tight'
}

/** Of each of `batch` sequences; 0 when not even the weights fit. */
function longestContext(facts: ModelFacts, need: Need, availableBytes: number): number {
  const {weightsBytes, overheadBytes, batch, shape, cacheBytes, contextTokens} = need
  const copies = cacheBytes / Math.max(1, cacheOf(shape, contextTokens))
  const room = (availableBytes - weightsBytes - overheadBytes) / batch / copies
  if (room <= 0) return 0
  const most = facts.maxTokens ?? Number.MAX_SAFE_INTEGER
  const inWindow = room / (shape.fullBytes + shape.windowBytes)
  if (shape.windowBytes === 0 || inWindow <= shape.window) return Math.floor(Math.min(inWindow, most))
  const beyond = (room - shape.windowBytes * shape.window) / Math.max(shape.fullBytes, Number.MIN_VALUE)
  return Math.floor(Math.min(beyond, most))
}

interface Outcome {
  readonly facts: ModelFacts
  readonly devices: FitDevices
  readonly shard: number
  readonly availableBytes: number
}

const WORDS = {fits: 'fits', tight: 'may just fit', no: 'does not fit', unknown: 'unknown'} as const

function reasonOf(verdict: MemoryFit['verdict'], need: Need, {facts, devices, shard, availableBytes}: Outcome): string {
  const total = need.weightsBytes + need.cacheBytes * need.batch + need.overheadBytes
  const of = `${shard} × ${formatBytes(devices.gpuMemoryBytes)}`
  const copies = shard < devices.gpus ? `, each ${shard} of the ${devices.gpus} devices hold a copy` : ''
  return `${WORDS[verdict]}: about ${formatBytes(total)} of the ${formatBytes(availableBytes)} that a server uses of ${of}${copies}${sureness(facts)}`
}

function sureness({cache, doubts, areParametersGuessed}: ModelFacts): string {
  const all = [
    ...(areParametersGuessed ? ['parameters counted from the shapes in config.json'] : []),
    ...(cache === undefined ? ['cache guessed from the size alone'] : []),
    ...doubts,
  ]
  return all.length === 0 ? '' : ` (rough: ${all.join(', ')})`
}
