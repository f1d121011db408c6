import {type Fields, fieldsAt, isFields, listAt} from '../../../fields.ts'
import {FLAGS, type FlagName, flagValue, programOf} from '../../../ome/arguments.ts'
import {isGpuResource} from '../../inference/resources.ts'

/** Flag of a setting in each engine; absent: it has none. */
const NAMES: Readonly<Partial<Record<FlagName, Readonly<Record<string, string>>>>> = {
  tensorParallel: {vllm: '--tensor-parallel-size', sglang: '--tp-size'},
  context: {vllm: '--max-model-len', sglang: '--context-length'},
  memoryShare: {vllm: '--gpu-memory-utilization', sglang: '--mem-fraction-static'},
  servedName: {vllm: '--served-model-name', sglang: '--served-model-name'},
}

/** The container with another value of a flag, in the form that it has there; added when it has none. */
export function withFlag(container: Fields, name: FlagName, value: string): Fields {
  for (const key of ['args', 'command'] as const) {
    const changed = changedWords(listAt(container, key), FLAGS[name], value)
    if (changed !== undefined) return {...container, [key]: changed}
  }
  const flag = NAMES[name]?.[programOf(container).engine ?? '']
  if (flag === undefined) return container
  const key = listAt(container, 'args').length > 0 || !isShell(container) ? 'args' : undefined
  return key === undefined ? container : {...container, args: [...listAt(container, 'args'), `${flag}=${value}`]}
}

/** A line for a shell takes no more arguments behind it. */
const isShell = (container: Fields): boolean =>
  /^(ba|da|)sh$/.test(String(listAt(container, 'command')[0]).split('/').at(-1) ?? '')

function changedWords(words: readonly unknown[], flags: readonly string[], value: string): unknown[] | undefined {
  for (const flag of flags) {
    const at = words.indexOf(flag)
    if (at !== -1) return words.with(at + 1, value)
    const joined = words.findIndex((word) => typeof word === 'string' && word.startsWith(`${flag}=`))
    if (joined !== -1) return words.with(joined, `${flag}=${value}`)
    const line = words.findIndex((word) => typeof word === 'string' && new RegExp(`${flag}[= ]\\S+`).test(word))
    if (line !== -1) {
      const text = String(words[line]).replace(
        new RegExp(`(${flag}[= ])\\S+`),
        (_, before: string) => `${before}${value}`,
      )
      return words.with(line, text)
    }
  }
  return undefined
}

export interface DeviceChange {
  readonly gpus: number
  readonly before: number
  /** Pods of one replica. */
  readonly nodes: number
}

/** The container with that many devices, of the kind that it has (NVIDIA's when it has none); split over all, when it was. */
export function withGpus(container: Fields, {gpus, before, nodes}: DeviceChange): Fields {
  const resources = fieldsAt(container, 'resources')
  const [requests, limits] = [fieldsAt(resources, 'requests'), fieldsAt(resources, 'limits')]
  // Devices are only given when both say the same.
  const both = {requests: withDevices(requests, limits, gpus), limits: withDevices(limits, requests, gpus)}
  const changed = {...container, resources: {...resources, ...both}}
  const told = flagValue(programOf(container), 'tensorParallel')
  const isSplitOverAll = told === undefined ? gpus > 1 : told === String(before * nodes)
  return isSplitOverAll ? withFlag(changed, 'tensorParallel', String(gpus * nodes)) : changed
}

function withDevices(amounts: Fields, others: Fields, gpus: number): Fields {
  const resource = [...Object.keys(amounts), ...Object.keys(others)].find(isGpuResource) ?? 'nvidia.com/gpu'
  return {...amounts, [resource]: String(gpus)}
}

/** Containers of engine and decoder, leaders and workers: the same change to each. */
export function mapRunners(spec: Fields, change: (container: Fields) => Fields): Fields {
  const changed = (part: unknown): unknown =>
    isFields(part) && isFields(part.runner) ? {...part, runner: change(part.runner)} : part
  const component = (config: unknown): unknown => {
    if (!isFields(config)) return config
    const own = {...fieldsAt(changed(config))}
    return {
      ...own,
      ...(isFields(own.leader) ? {leader: changed(own.leader)} : {}),
      ...(isFields(own.worker) ? {worker: changed(own.worker)} : {}),
    }
  }
  return {
    ...spec,
    ...(isFields(spec.engineConfig) ? {engineConfig: component(spec.engineConfig)} : {}),
    ...(isFields(spec.decoderConfig) ? {decoderConfig: component(spec.decoderConfig)} : {}),
  }
}
