import {type DriverContext, defineProvider, type ServiceEngine, type ServiceTraits} from '@omni-cli/sdk'
import {createClient} from '../client/client.ts'
import {tokenOf} from '../client/server-target.ts'
import {type OrcaSettings, orcaSettings} from '../config.ts'
import {localConnection, remoteConnection} from './connection.ts'
import {createNativeEngine} from './native-engine.ts'

/** How long opening a remote server may take to tell what it is. */
const PROBE_TIMEOUT_MS = 5_000

const TRAITS: ServiceTraits = {sources: ['image', 'command', 'build'], labels: true}

export default defineProvider({
  kind: 'service',
  id: 'orca',
  settings: orcaSettings,
  create: (context, settings) => createOrcaEngine(context, settings),
})

/** The engine of this user without `url`; else the server there, in our form when it is ours, or in Orca's. */
export async function createOrcaEngine(context: DriverContext, settings: OrcaSettings): Promise<ServiceEngine> {
  if (settings.url === undefined) return createNativeEngine(localConnection(context), TRAITS)
  const target = {url: settings.url, token: tokenOf(settings, context.env)}
  if (await isOrcaOnly(context, target)) {
    const {createOrcaLevelEngine} = await import('./orca-engine.ts')
    return createOrcaLevelEngine(context.http, target)
  }
  return createNativeEngine(remoteConnection(createClient(context.http, target)), TRAITS)
}

/**
 * A server that does not know our version route is somebody else's Orca: 404, or 403 where unknown routes are for admins.
 * One that does not answer is taken for ours, so that each call says so itself.
 */
async function isOrcaOnly({http}: DriverContext, target: {url: string; token: string | undefined}): Promise<boolean> {
  const {version} = await import('../client/requests.ts')
  const answer = await http.request(target, version(), {timeoutMs: PROBE_TIMEOUT_MS}).catch(() => undefined)
  return answer?.status === 404 || answer?.status === 403
}
