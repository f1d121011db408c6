import {type CallOptions, OmniError} from '@omni-cli/sdk'
import type {KubeClient} from '../../client/kube-client.ts'
import type {Parts} from './component.ts'
import {gatherOne} from './gather.ts'
import {modeOf} from './mode.ts'
import {MODE} from './names.ts'

/** The service with what belongs to it, or NOT_FOUND. */
export async function requireParts(client: KubeClient, name: string, call: CallOptions = {}): Promise<Parts> {
  const parts = await gatherOne(client, name, call)
  if (parts !== undefined) return parts
  throw new OmniError('NOT_FOUND', `there is no inference service '${name}' in namespace '${client.namespace}'`, {
    hint: 'omni get services --all-namespaces',
  })
}

/** UNSUPPORTED, with the reason, unless its pods come from Deployments. */
export function requireRaw({service}: Parts, what: string): void {
  const mode = modeOf(service)
  if (mode === MODE.raw || mode === 'PDDisaggregated') return
  const {name} = service.metadata
  const why = WHY[mode] ?? 'only RawDeployment can'
  throw new OmniError('UNSUPPORTED', `'${name}' runs in the mode ${mode}, which cannot be ${what}: ${why}`, {
    hint: mode === MODE.serverless ? undefined : `omni delete service ${name}`,
  })
}

const WHY: Readonly<Record<string, string>> = {
  [MODE.serverless]: 'Knative decides about its replicas, and ends them when nobody asks',
  [MODE.multiNode]: 'the operator writes the number of its groups from minReplicas, which must be 1 or more',
  [MODE.virtual]: 'it has no pods of its own',
}
