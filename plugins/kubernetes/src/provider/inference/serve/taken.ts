import {type CallOptions, type ObjectKind, OmniError} from '@omni-cli/sdk'
import type {KubeClient} from '../../../client/kube-client.ts'
import {visible} from '../../visible.ts'
import {DEPLOYMENT, SERVICE} from '../names.ts'

/**
 * CONFLICT when the name of a new served model is that of an application, or of a Service, which the operator would take over: it
 * makes one of that name itself. What the user may not see is not looked at.
 */
export async function refuseTaken(client: KubeClient, name: string, {signal}: CallOptions): Promise<void> {
  const {namespace} = client
  const look = async (kind: ObjectKind): Promise<string[]> =>
    (await client.get({kind, namespace, name}, {signal})) === undefined ? [] : [kind.kind]
  // The third never fails: who may see neither is not kept from deploying.
  const found = await visible([look(DEPLOYMENT), look(SERVICE), Promise.resolve<string[]>([])])
  const taken = found.flatMap((kinds) => kinds ?? [])
  if (taken.length === 0) return
  throw new OmniError('CONFLICT', `'${name}' is the name of something else in '${namespace}': ${taken.join(', ')}`, {
    hint: `give the model another --name, or look at it: omni get ${taken[0]?.toLowerCase()} ${name}`,
  })
}
