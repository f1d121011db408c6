import {didYouMean, OmniError, parseBytes} from '@omni-cli/sdk'
import {type Fields, fieldsAt, isFields, listAt} from '../../../fields.ts'
import type {FlagName} from '../../../ome/arguments.ts'
import {runnersOf} from '../../../ome/runner.ts'
import {parametersOf} from '../../../ome/size.ts'
import {containerGpus} from '../../inference/resources.ts'
import type {Schemas} from '../../objects/problems/schema.ts'
import {mapRunners, withFlag, withGpus} from './containers.ts'
import {pathKeys, typedValue, withValue} from './edit-path.ts'

type Change = (spec: Fields, value: string) => Fields

/** Short names of `--set`. */
const SETTINGS: Readonly<Record<string, Change>> = {
  gpus: (spec, value) => {
    const gpus = count('gpus', value)
    const {main, nodes} = runnersOf(spec)
    const before = containerGpus(main)
    return mapRunners(spec, (container) => {
      // What has no devices beside one that has keeps none.
      const isBare = before > 0 && containerGpus(container) === 0
      return isBare ? container : withGpus(container, {gpus, before, nodes})
    })
  },
  tensorParallelism: (spec, value) => {
    count('tensorParallelism', value)
    return flagged('tensorParallel')(spec, value)
  },
  contextTokens: flagged('context'),
  memoryShare: flagged('memoryShare'),
  servedName: flagged('servedName'),
  image: (spec, image) => mapRunners(spec, (container) => ({...container, image})),
  memory: (spec, value) => {
    if (parseBytes(value) === undefined) throw new OmniError('USAGE', `memory '${value}' is no size like 160Gi`)
    return amount(spec, 'memory', value)
  },
  cpu: (spec, value) => amount(spec, 'cpu', value),
  autoSelect: (spec, value) => entries(spec, {autoSelect: yes('autoSelect', value)}),
  priority: (spec, value) => entries(spec, {priority: count('priority', value)}),
  architecture: (spec, value) => entries(spec, {modelArchitecture: value}),
  quantization: (spec, value) => entries(spec, {quantization: value}),
  frameworkVersion: (spec, version) =>
    formats(spec, (entry) => ({
      ...entry,
      modelFramework: {name: 'transformers', ...fieldsAt(entry, 'modelFramework'), version},
    })),
  minSize: (spec, min) => ({...spec, modelSizeRange: {...fieldsAt(spec, 'modelSizeRange'), min: size(min)}}),
  maxSize: (spec, max) => ({...spec, modelSizeRange: {...fieldsAt(spec, 'modelSizeRange'), max: size(max)}}),
  disabled: (spec, value) => ({...spec, disabled: yes('disabled', value)}),
}

/** A manifest with one `NAME=VALUE` applied. USAGE for unknown names and for values of another type. */
export function withSetting(manifest: Fields, setting: string, schemas: Schemas | undefined): Fields {
  const at = setting.indexOf('=')
  const name = at === -1 ? setting : setting.slice(0, at)
  if (at < 1) throw new OmniError('USAGE', `--set '${setting}' is not NAME=VALUE`)
  const value = setting.slice(at + 1)
  const change = Object.hasOwn(SETTINGS, name) ? SETTINGS[name] : undefined
  if (change !== undefined) return {...manifest, spec: change(fieldsAt(manifest, 'spec'), value)}
  if (!/^(spec|metadata\.(labels|annotations))[.[]/.test(name)) throw unknown(name)
  const keys = pathKeys(name)
  const changed = withValue(manifest, keys, typedValue(schemas, keys, value))
  return isFields(changed) ? changed : manifest
}

const unknown = (name: string): OmniError =>
  new OmniError('USAGE', `--set does not know '${name}'`, {
    hint:
      didYouMean(name, Object.keys(SETTINGS)) ??
      `known: ${Object.keys(SETTINGS).join(', ')}, or a path: spec.engineConfig.…`,
  })

/** Sizes around one: `59.5B` to `80.5B` for `70B`. */
export function withSize(manifest: Fields, text: string): Fields {
  const wanted = parametersOf(text)
  if (wanted === undefined) throw new OmniError('USAGE', `--model-size '${text}' is no size like 70B or 340M`)
  const [factor, unit] = wanted >= 1e12 ? [1e12, 'T'] : wanted >= 1e9 ? [1e9, 'B'] : [1e6, 'M']
  const around = (part: number) => `${Math.round((wanted * part * 100) / factor) / 100}${unit}`
  return {...manifest, spec: {...fieldsAt(manifest, 'spec'), modelSizeRange: {min: around(0.85), max: around(1.15)}}}
}

function flagged(name: FlagName): Change {
  return (spec, value) => mapRunners(spec, (container) => withFlag(container, name, value))
}

const formats = (spec: Fields, change: (entry: Fields) => Fields): Fields => ({
  ...spec,
  supportedModelFormats: listAt(spec, 'supportedModelFormats').map((entry) => change(fieldsAt(entry))),
})

const entries = (spec: Fields, fields: Fields): Fields => formats(spec, (entry) => ({...entry, ...fields}))

const amount = (spec: Fields, resource: string, value: string): Fields =>
  mapRunners(spec, (container) => {
    const resources = fieldsAt(container, 'resources')
    const both = (part: string) => ({...fieldsAt(resources, part), [resource]: value})
    return {...container, resources: {...resources, requests: both('requests'), limits: both('limits')}}
  })

function count(name: string, text: string): number {
  if (/^[1-9]\d{0,4}$/.test(text)) return Number(text)
  throw new OmniError('USAGE', `${name} must be a whole number from 1, and is '${text}'`)
}

function yes(name: string, text: string): boolean {
  if (text === 'true' || text === 'false') return text === 'true'
  throw new OmniError('USAGE', `${name} must be true or false, and is '${text}'`)
}

function size(text: string): string {
  if (/^\d+(\.\d+)?[TBM]$/.test(text)) return text
  throw new OmniError('USAGE', `'${text}' is no size that OME reads: 70B, 340M, 1.5T`)
}
