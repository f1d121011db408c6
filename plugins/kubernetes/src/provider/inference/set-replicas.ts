import type {CallOptions} from '@omni-cli/sdk'
import type {KubeClient} from '../../client/kube-client.ts'
import type {Parts} from './component.ts'
import {type ComponentName, componentObject, DEPLOYMENT} from './names.ts'

/** Replicas of the Deployment of a component. The operator leaves the number of a Deployment alone. */
export async function setReplicas(
  client: KubeClient,
  {service}: Parts,
  {component, replicas}: {readonly component: ComponentName; readonly replicas: number},
  {signal}: CallOptions,
): Promise<void> {
  const name = componentObject(service.metadata.name, component)
  const place = {kind: DEPLOYMENT, namespace: service.metadata.namespace, name, subresource: 'scale'}
  await client.patch(place, {spec: {replicas}}, {type: 'merge', signal})
}
