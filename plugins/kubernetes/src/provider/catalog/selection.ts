import {type CallOptions, type DeviceFit, type FitOptions, OmniError, type SelectionFacet} from '@omni-cli/sdk'
import {memoryFit} from '../../ome/fit.ts'
import {type DevicePool, fewestDevices, withFree} from '../../ome/runtime-fit.ts'
import type {DeviceSources} from './accelerators.ts'
import {devicePools} from './devices.ts'
import {BASE_MODEL, CLUSTER_BASE_MODEL, getTwin, listTwins} from './kinds.ts'
import {configurationOf, modelOf} from './model-map.ts'
import {agentAnswers} from './model-nodes.ts'
import {RUNTIME_TWIN} from './runtimes.ts'
import {listScope} from './scope.ts'
import {factsOf, rulesOf, suggestion} from './suggest.ts'

export const createSelection = (sources: DeviceSources): SelectionFacet => ({
  async suggest(name, {contextTokens, batch, accelerator, ...call} = {}) {
    const {client, notice} = sources
    const [model, runtimes, pools] = await Promise.all([
      modelWithFacts(sources, name, call),
      listTwins(client, RUNTIME_TWIN, {...listScope(client, call), notice}),
      devicePools(sources, call),
    ])
    const {object, configuration} = model
    return suggestion({
      ...{
        model: {...modelOf(object), configuration},
        modelSpec: object.spec,
        runtimes: rulesOf(runtimes),
        namespace: client.namespace,
      },
      ...{load: {contextTokens, batch}, accelerator, pools},
    })
  },
  async fit(subject, options = {}) {
    const {gpuMemoryBytes, contextTokens, batch, quantization, gpus} = options
    const load = {contextTokens, batch}
    const facts = factsOf(quantization === undefined ? subject : {...subject, quantization})
    if (gpuMemoryBytes !== undefined) {
      return [{gpuMemoryBytes, fit: fewestDevices(facts, load, {gpus, gpuMemoryBytes, most: 64})}]
    }
    const pools = await chosenPools(sources, options)
    const fits = pools.flatMap((pool) => poolFit(facts, options, pool))
    return fits.length > 0 ? fits : [{fit: memoryFit(facts, load, undefined)}]
  },
})

type Facts = ReturnType<typeof factsOf>

function poolFit(facts: Facts, {gpus, contextTokens, batch}: FitOptions, pool: DevicePool): DeviceFit {
  const {name: accelerator, gpuMemoryBytes} = pool
  const load = {contextTokens, batch}
  if (gpuMemoryBytes === undefined) {
    const fit = memoryFit(facts, load, undefined)
    return {accelerator, fit: {...fit, reason: `${fit.reason}; the memory of '${accelerator}' is not told`}}
  }
  const most = Math.max(1, ...pool.nodes.map(({total}) => total))
  return {accelerator, gpuMemoryBytes, fit: withFree(fewestDevices(facts, load, {gpus, gpuMemoryBytes, most}), pool)}
}

async function chosenPools(sources: DeviceSources, {accelerator, ...call}: FitOptions): Promise<readonly DevicePool[]> {
  const pools = (await devicePools(sources, call)) ?? []
  if (accelerator === undefined) return pools
  const chosen = pools.filter(({name}) => name === accelerator)
  if (chosen.length > 0) return chosen
  throw new OmniError('NOT_FOUND', `no usable node has devices of the class '${accelerator}'`, {
    hint: 'omni accelerators list',
    details: {classes: pools.map(({name}) => name)},
  })
}

async function modelWithFacts({client}: DeviceSources, name: string, call: CallOptions) {
  const found = await getTwin(client, {namespaced: BASE_MODEL, clusterWide: CLUSTER_BASE_MODEL}, name, call)
  if (found === undefined) {
    throw new OmniError('NOT_FOUND', `there is no model '${name}'`, {hint: 'omni get models'})
  }
  const {object} = found
  const told = configurationOf(object)
  if (told !== undefined) return {object, configuration: told}
  const answers = await agentAnswers(client, object, call)
  return {object, configuration: answers?.configuration}
}
