import {didYouMean, type InstanceSpec} from '@omni-cli/sdk'
import {type Setting, settingOf} from './change-kinds-settings.ts'
import {countOf, isIncusSize, isTrue} from './map-sizes.ts'
import type {Problem} from './refusals.ts'
import type {Facts} from './refusals-facts.ts'

/** Fields of a spec that stand for a setting. */
const FIELDS: Readonly<Record<string, keyof InstanceSpec>> = {
  'limits.cpu': 'cpus',
  'limits.memory': 'memory',
  'boot.autostart': 'autostart',
  'security.protection.delete': 'protect',
  'cloud-init.user-data': 'cloud_init',
}

/** Settings under Incus's own names: known to this server, for this type of machine, with a value that it takes. */
export function keyProblems(spec: InstanceSpec, {settings}: Facts): Problem[] {
  return Object.entries(spec.config ?? {}).flatMap(([key, value]) => {
    const found = problemOf({spec, key, value, settings})
    return found === undefined ? [] : [{path: ['config', key], ...found}]
  })
}

interface Entry {
  readonly spec: InstanceSpec
  readonly key: string
  readonly value: string
  readonly settings: Facts['settings']
}

type Found = Omit<Problem, 'path'>

function problemOf({spec, key, value, settings}: Entry): Found | undefined {
  if (/^(volatile|image)\./.test(key)) return {message: `'${key}' is kept by Incus itself`}
  if (key.startsWith('user.omni.')) return {message: `'${key}' is kept by omni itself`, hint: 'write it as "metadata"'}
  const setting = settingOf(key, settings)
  if (setting === undefined) {
    const hint = didYouMean(key, settings.keys()) ?? 'incus config show NAME'
    return {message: `this server knows no setting '${key}'`, hint}
  }
  if (setting.only !== undefined && setting.only !== spec.type) {
    return {message: `'${key}' is for a ${setting.only}, not for a ${spec.type}`}
  }
  const field = FIELDS[key]
  if (field !== undefined && spec[field] !== undefined) return {message: `it is said by "${field}" already`}
  return valueProblem(key, value, setting)
}

function valueProblem(key: string, value: string, {type}: Setting): Found | undefined {
  if (key === 'limits.cpu') return cpuProblem(value)
  if (key === 'limits.memory' || key.startsWith('limits.hugepages.')) {
    if (isIncusSize(value) || (key === 'limits.memory' && /^\d+%$/.test(value))) return undefined
    return {message: `'${value}' is no size for Incus`, hint: 'write 1GB (10^9 bytes) or 1GiB (2^30)'}
  }
  if (type === 'bool' && !isTrue(value) && !/^(false|0|no|off)?$/i.test(value)) {
    return {message: `'${value}' is neither true nor false`}
  }
  if (type === 'integer' && !/^-?\d*$/.test(value)) return {message: `'${value}' is no whole number`}
  return undefined
}

function cpuProblem(value: string): Found | undefined {
  const isPinned = /^\d+(-\d+)?(,\d+(-\d+)?)*$/.test(value) && /[-,]/.test(value)
  if (isPinned || (countOf(value) ?? 0) > 0) return undefined
  const share = /^\d+(\.\d+)?$/.test(value) && Number(value) > 0 ? `${Math.round(Number(value) * 100)}%` : '50%'
  return {message: `'${value}' is no number of processors`, hint: `for a share: limits.cpu.allowance: ${share}`}
}
