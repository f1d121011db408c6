import type {ApiObject} from '@omni-cli/sdk'
import {at, isFields, listAt, numberAt, textAt} from '../../../fields.ts'
import {addNeeds, type PodNeeds, podNeeds} from '../resources.ts'

/** What a ServingRuntime says about the pods it makes. */
export interface RuntimeParts {
  readonly name: string
  /** `ServingRuntime` of the namespace, or `ClusterServingRuntime`. */
  readonly kind: string
  readonly hasRouter: boolean
  readonly hasDecoder: boolean
  /** Of one replica of the engine: all its pods. */
  readonly needs: PodNeeds
  /** Most devices that one of its pods needs. */
  readonly gpusPerPod: number
  /** The program that serves, as far as the image or the command tell. */
  readonly engine: 'vllm' | 'sglang' | undefined
}

export function runtimeParts(runtime: ApiObject): RuntimeParts {
  const config = at(runtime, 'spec', 'engineConfig') ?? at(runtime, 'spec')
  const [leader, worker, workers] = [
    at(config, 'leader'),
    at(config, 'worker'),
    numberAt(config, 'worker', 'size') ?? 1,
  ]
  const single = configNeeds(config)
  const isGrouped = isFields(leader) || isFields(worker)
  const [leaderNeeds, workerNeeds] = [configNeeds(leader), configNeeds(worker)]
  return {
    name: runtime.metadata.name,
    kind: runtime.kind ?? (runtime.metadata.namespace === undefined ? 'ClusterServingRuntime' : 'ServingRuntime'),
    hasRouter: isFields(at(runtime, 'spec', 'routerConfig')),
    hasDecoder: isFields(at(runtime, 'spec', 'decoderConfig')),
    needs: isGrouped ? addNeeds(leaderNeeds, workerNeeds, isFields(worker) ? workers : 0) : single,
    gpusPerPod: isGrouped ? Math.max(leaderNeeds.gpus, workerNeeds.gpus) : single.gpus,
    engine: engineOf(isGrouped ? leader : config),
  }
}

/** A runner and the containers beside it. */
function configNeeds(config: unknown): PodNeeds {
  const runner = at(config, 'runner')
  return podNeeds({containers: [...(isFields(runner) ? [runner] : []), ...listAt(config, 'containers')]})
}

function engineOf(config: unknown): RuntimeParts['engine'] {
  const runner = at(config, 'runner')
  const words = [textAt(runner, 'image') ?? '', ...listAt(runner, 'command'), ...listAt(runner, 'args')].join(' ')
  if (/sglang/i.test(words)) return 'sglang'
  return /vllm/i.test(words) ? 'vllm' : undefined
}
