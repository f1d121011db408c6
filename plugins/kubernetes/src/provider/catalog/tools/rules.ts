import {type ApiObject, didYouMean, type NodeCapacity, type RuntimeTest} from '@omni-cli/sdk'
import {flagCount, flagValue, type Program, programOf, servedNameOf} from '../../../ome/arguments.ts'
import {argumentOf, knownArguments} from '../../../ome/known-arguments.ts'
import {countOf, type Fields, fieldsAt, isFields, listAt, textsAt, wordOf} from '../../../ome/read.ts'
import {runnersOf} from '../../../ome/runner.ts'
import {isOpenRange, isSelectable} from '../../../ome/select.ts'
import {type SelectRuntime, selectRuntime} from '../../../ome/shapes.ts'
import {omeSize} from '../../../ome/size.ts'
import {containerGpus, isGpuResource} from '../../inference/resources.ts'

export interface RuleInput {
  readonly runtime: ApiObject
  /** All that the operator would compare it with. */
  readonly others: readonly ApiObject[]
  /** Undefined: this user may not look at nodes. */
  readonly nodes: readonly NodeCapacity[] | undefined
  /** Names of the AcceleratorClasses; undefined when there is no such kind. */
  readonly classes: readonly string[] | undefined
}

export type RuntimeCheck = RuntimeTest['checks'][number]
type Rule = (input: RuleInput) => RuntimeCheck

const ok = (name: string, message: string): RuntimeCheck => ({name, status: 'ok', message})
const warning = (name: string, message: string, hint?: string): RuntimeCheck => ({
  name,
  status: 'warning',
  message,
  hint,
})
const failed = (name: string, message: string, hint?: string): RuntimeCheck => ({name, status: 'failed', message, hint})

/** What can be told without a server, in the order it is shown. Pure. */
export const runtimeChecks = (input: RuleInput): RuntimeCheck[] => RULES.map((rule) => rule(input))

const ruleOf = ({metadata, spec}: ApiObject): SelectRuntime => selectRuntime(metadata.name, metadata.namespace, spec)

const sizes: Rule = ({runtime}) => {
  const rule = ruleOf(runtime)
  const {min, max} = rule.range ?? {}
  if (rule.range === undefined)
    return warning('sizes', 'no modelSizeRange: it takes models of every size, before those with a range')
  if (isOpenRange(rule))
    return failed('sizes', `modelSizeRange has no ${min === undefined ? 'min' : 'max'}: the operator crashes on it`)
  const wrong = [min, max].find((text) => omeSize(text ?? '') === 0)
  if (wrong !== undefined) return failed('sizes', `'${wrong}' is read as 0: write 70B, 340M or 1.5T`)
  if (omeSize(min ?? '') > omeSize(max ?? '')) return failed('sizes', `${min} is more than ${max}: no model fits in`)
  return ok('sizes', `${min} to ${max}`)
}

const choice: Rule = ({runtime}) => {
  const rule = ruleOf(runtime)
  if (rule.isDisabled) return warning('choice', 'disabled: nothing can use it')
  if (rule.formats.length === 0) return failed('choice', 'supportedModelFormats is empty: it serves no model')
  const bare = rule.formats.filter(({framework}) => framework === undefined)
  if (bare.length > 0)
    return warning('choice', 'an entry without modelFramework only serves models that have none either')
  return ok(
    'choice',
    isSelectable(rule) ? 'the operator may pick it by itself' : 'only when it is named (autoSelect is off)',
  )
}

const priorities: Rule = ({runtime, others}) => {
  const own = ruleOf(runtime)
  const byName = Map.groupBy(own.formats, ({format, architecture, quantization}) =>
    [format?.name, architecture, quantization].join(),
  )
  const uneven = [...byName.values()].find((entries) => new Set(entries.map(({priority}) => priority)).size > 1)
  if (uneven !== undefined)
    return failed('priorities', 'one format has several priorities in this runtime: the operator refuses it')
  const rivals = others
    .map(ruleOf)
    .filter(
      (other) =>
        other.name !== own.name && other.namespace === own.namespace && !other.isDisabled && isRival(own, other),
    )
    .map(({name}) => name)
  if (rivals.length === 0) return ok('priorities', 'no other runtime has the same formats, sizes and priority')
  return warning(
    'priorities',
    `as good as ${rivals.join(', ')} for the same models: their names decide`,
    `omni create runtime --from ${own.name} --name … --set priority=2`,
  )
}

/** Both are picked by themselves, for the same entry and sizes, with the same priority. */
const isRival = (own: SelectRuntime, other: SelectRuntime): boolean =>
  own.range?.min === other.range?.min &&
  own.range?.max === other.range?.max &&
  own.formats.some(
    (entry) =>
      entry.autoSelect === true &&
      other.formats.some((theirs) => theirs.autoSelect === true && entryKey(theirs) === entryKey(entry)),
  )

const entryKey = ({
  format,
  framework,
  architecture,
  quantization,
  priority,
}: SelectRuntime['formats'][number]): string =>
  [format?.name, format?.version, framework?.name, framework?.version, architecture, quantization, priority].join('|')

const devices: Rule = ({runtime, nodes}) => {
  const {main, nodes: pods} = runnersOf(runtime.spec)
  const gpus = main === undefined ? 0 : containerGpus(main)
  if (gpus === 0) return warning('devices', 'it asks for no devices')
  const uneven = unevenDevices(main)
  if (uneven !== undefined) return failed('devices', uneven)
  const each = pods === 1 ? `${gpus}` : `${gpus} on each of ${pods} nodes`
  if (nodes === undefined) return warning('devices', `needs ${each}; this user may not look at nodes`)
  const usable = nodes.filter(({usable}) => usable)
  const enough = usable.filter(({allocatable}) => allocatable.gpus >= gpus)
  const most = Math.max(0, ...usable.map(({allocatable}) => allocatable.gpus))
  if (enough.length < pods)
    return failed('devices', `needs ${each}, and the most that one node has is ${most}`, 'omni accelerators list')
  const free = usable.filter((node) => node.free.gpus >= gpus)
  if (free.length >= pods) return ok('devices', `needs ${each}; ${free.length} nodes have them free`)
  const largest = usable.toSorted((a, b) => b.free.gpus - a.free.gpus)[0]
  return warning(
    'devices',
    `needs ${each}, largest free is ${largest?.free.gpus ?? 0} on ${largest?.name ?? 'no node'}`,
    'omni accelerators available',
  )
}

function unevenDevices(container: Fields | undefined): string | undefined {
  const [limits, requests] = ['limits', 'requests'].map((part) => fieldsAt(container, 'resources', part))
  const names = Object.keys({...limits, ...requests}).filter(isGpuResource)
  const wrong = names.find(
    (name) => requests?.[name] !== undefined && String(requests[name]) !== String(limits?.[name]),
  )
  return wrong === undefined ? undefined : `${wrong}: requests and limits must be the same`
}

const split: Rule = ({runtime}) => {
  const {main, nodes} = runnersOf(runtime.spec)
  const gpus = (main === undefined ? 0 : containerGpus(main)) * nodes
  const program = programOf(main)
  const tensor = flagCount(program, 'tensorParallel')
  const over = (tensor ?? 1) * (flagCount(program, 'pipelineParallel') ?? 1)
  if (gpus === 0) return ok('parallelism', 'without devices there is nothing to split')
  if (over > gpus) return failed('parallelism', `the model is split over ${over} devices, and a replica has ${gpus}`)
  const told = flagValue(program, 'tensorParallel')
  if (tensor === undefined && told !== undefined)
    return ok('parallelism', `split over ${told}, which the operator fills in`)
  if (tensor === undefined && gpus > 1)
    return warning('parallelism', `no argument splits the model over the ${gpus} devices`)
  if (over < gpus)
    return warning(
      'parallelism',
      `split over ${over} of ${gpus} devices: the others hold copies or experts, or nothing`,
    )
  return ok('parallelism', `split over ${over}`)
}

/** host[:port]/path:tag@digest, as registries want it. */
const IMAGE =
  /^([a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d+)?\/)?[a-z0-9]+([._-]+[a-z0-9]+)*(\/[a-z0-9]+([._-]+[a-z0-9]+)*)*(:[\w][\w.-]{0,127})?(@sha256:[a-f0-9]{64})?$/i

const image: Rule = ({runtime}) => {
  const {main} = runnersOf(runtime.spec)
  const name = wordOf(main?.image)
  if (main === undefined) return failed('image', 'there is no container that serves: spec.engineConfig.runner')
  if (name === undefined) return failed('image', 'the container has no image')
  if (!IMAGE.test(name)) return failed('image', `'${name}' is no reference of an image`)
  const tag = name.split('/').at(-1)?.split('@')[0]?.split(':')[1]
  if (!name.includes('@') && (tag === undefined || tag === 'latest'))
    return warning('image', `'${name}' has no fixed tag: nodes may run different versions`)
  if (main.name !== 'ome-container')
    return warning(
      'image',
      `the container is called '${wordOf(main.name) ?? ''}': the operator looks for 'ome-container'`,
    )
  return ok('image', name)
}

const flags: Rule = ({runtime}) => {
  const {main} = runnersOf(runtime.spec)
  const program = programOf(main)
  const {engine} = program
  if (engine === undefined)
    return warning(
      'arguments',
      'neither vLLM nor SGLang as far as the image and the command tell: arguments were not checked',
    )
  const given = [...program.flags.keys()]
  const foreign = given.filter((flag) => argumentOf(engine, flag) === 'foreign')
  if (foreign.length > 0)
    return failed(
      'arguments',
      `${engine} has no ${foreign.join(', ')}: it is of the other server`,
      nearestOf(program, foreign),
    )
  const unknown = given.filter((flag) => argumentOf(engine, flag) === 'unknown')
  if (unknown.length > 0)
    return warning('arguments', `not known of ${engine}: ${unknown.join(', ')}`, nearestOf(program, unknown))
  return ok('arguments', `${given.length} arguments of ${engine}`)
}

function nearestOf({engine}: Program, [flag]: readonly string[]): string | undefined {
  return engine === undefined || flag === undefined ? undefined : didYouMean(flag, knownArguments(engine))
}

const servedName: Rule = ({runtime}) => {
  const name = servedNameOf(programOf(runnersOf(runtime.spec).main))
  if (name === undefined || name.includes('{{')) return ok('served name', 'not wired to a model')
  return warning(
    'served name',
    `it answers to the model name '${name}', whatever model it serves`,
    `omni create runtime --from ${runtime.metadata.name} --name … --set 'servedName={{.Name}}'`,
  )
}

const PROBES = ['readinessProbe', 'startupProbe', 'livenessProbe'] as const

const probes: Rule = ({runtime}) => {
  const {main} = runnersOf(runtime.spec)
  const missing = PROBES.filter((probe) => !isFields(main?.[probe]))
  if (missing.includes('readinessProbe'))
    return warning('probes', 'no readinessProbe: an open port counts as ready, before the model is loaded')
  if (missing.includes('startupProbe') && !missing.includes('livenessProbe'))
    return warning('probes', 'a livenessProbe without a startupProbe may kill it while it loads the model')
  const ports = listAt(main, 'ports').map((port) => countOf(fieldsAt(port).containerPort))
  const wrong = PROBES.find((probe) => {
    const port = countOf(fieldsAt(main, probe, 'httpGet').port)
    return port !== undefined && ports.length > 0 && !ports.includes(port)
  })
  if (wrong !== undefined) return failed('probes', `${wrong} asks a port that the container does not open`)
  return ok('probes', PROBES.filter((probe) => !missing.includes(probe)).join(', '))
}

const acceleratorClasses: Rule = ({runtime, classes}) => {
  const wanted = textsAt(runtime.spec, 'acceleratorRequirements', 'acceleratorClasses')
  if (wanted.length === 0) return ok('accelerators', 'any; a service that names a class does not get this runtime')
  const missing = wanted.filter((name) => classes?.includes(name) !== true)
  if (missing.length === 0) return ok('accelerators', wanted.join(', '))
  return failed('accelerators', `there is no class ${missing.join(', ')}`, 'omni accelerators list')
}

const RULES: readonly Rule[] = [
  sizes,
  choice,
  priorities,
  acceleratorClasses,
  devices,
  split,
  image,
  flags,
  servedName,
  probes,
]
