import {didYouMean} from '@omni-cli/sdk'
import {countOf, type Fields, fieldsAt, isFields, listAt, wordOf} from '../../../fields.ts'
import {flagCount, flagValue, type Program, programOf, servedNameOf} from '../../../ome/arguments.ts'
import {argumentOf, knownArguments} from '../../../ome/known-arguments.ts'
import {runnersOf} from '../../../ome/runner.ts'
import {containerGpus, isGpuResource} from '../../inference/resources.ts'
import {failed, ok, type Rule, warning} from './rule.ts'

/* What the server needs that the runtime starts. */

export const devices: Rule = ({runtime, nodes}) => {
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
  if (enough.length < pods) {
    const have =
      most < gpus
        ? `the most that one node has is ${most}`
        : `${enough.length} of the nodes ${enough.length === 1 ? 'has' : 'have'} them`
    return failed('devices', `needs ${each}, and ${have}`, 'omni accelerators list')
  }
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

export const split: Rule = ({runtime}) => {
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

export const image: Rule = ({runtime}) => {
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

export const flags: Rule = ({runtime}) => {
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

export const servedName: Rule = ({runtime}) => {
  const name = servedNameOf(programOf(runnersOf(runtime.spec).main))
  if (name === undefined || name.includes('{{')) return ok('served name', 'not wired to a model')
  return warning(
    'served name',
    `it answers to the model name '${name}', whatever model it serves`,
    `omni create runtime --from ${runtime.metadata.name} --name … --set 'servedName={{.Name}}'`,
  )
}

const PROBES = ['readinessProbe', 'startupProbe', 'livenessProbe'] as const

export const probes: Rule = ({runtime}) => {
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
