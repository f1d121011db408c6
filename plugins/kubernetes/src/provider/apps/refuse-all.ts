import {type CallOptions, mapLimit, type ServiceSpec} from '@omni-cli/sdk'
import type {KubeClient} from '../../client/kube-client.ts'
import {gatherFacts} from './gather-facts.ts'
import {type Refused, refusal, refusals} from './refusals.ts'

/** UNSUPPORTED with everything that a cluster cannot honour of any of them. */
export async function refuseAll(
  client: KubeClient,
  specs: readonly ServiceSpec[],
  call: CallOptions = {},
): Promise<void> {
  const looked = await mapLimit(specs, 8, async (spec): Promise<Refused> => {
    const facts = await gatherFacts(client, spec, call)
    return {spec, facts, problems: refusals(spec, facts)}
  })
  const [first, ...others] = looked.filter(({problems}) => problems.length > 0)
  if (first !== undefined) throw refusal([first, ...others])
}
