import type {DriverContext} from '@omni-cli/sdk'
import type {KubernetesSettings} from '../config.ts'
import {createClient} from './create-client.ts'
import {openDiscoveryCache} from './discovery-cache.ts'
import {openGate} from './gate.ts'
import type {KubeClient} from './kube-client.ts'
import {openAccess} from './open-access.ts'
import {createStreams} from './streams/create-streams.ts'
import {openTransport} from './transport.ts'

const clients = new WeakMap<DriverContext, Promise<KubeClient>>()

/** The client of a run: all drivers of this plugin share one. */
export function openClient(context: DriverContext, settings: KubernetesSettings): Promise<KubeClient> {
  const known = clients.get(context) ?? connect(context, settings)
  clients.set(context, known)
  return known
}

async function connect(context: DriverContext, settings: KubernetesSettings): Promise<KubeClient> {
  const {context: name, namespace, access} = await openAccess(context, settings)
  const transport = openTransport(access, context.log)
  const gate = openGate()
  return createClient({
    context: name,
    namespace,
    omeNamespace: settings['ome-namespace'] ?? 'ome',
    isProtected: context.isProtected === true,
    transport,
    gate,
    cache: openDiscoveryCache(context.home, transport.server),
    streams: createStreams({transport, gate}),
  })
}
