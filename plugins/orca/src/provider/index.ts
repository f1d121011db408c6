import {
  type DriverContext,
  defineProvider,
  type HttpTarget,
  type ServiceEngine,
  type ServiceTraits,
} from '@omni-cli/sdk'
import {createClient} from '../client/client.ts'
import {localTarget} from '../client/local-files.ts'
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
  if (settings.url === undefined) {
    return withSecrets(createNativeEngine(localConnection(context), TRAITS), context, () => localTarget(context.home))
  }
  const target = {url: settings.url, token: tokenOf(settings, context.env)}
  if (await isOrcaOnly(context, target)) {
    const {createOrcaLevelEngine} = await import('./orca-engine.ts')
    return createOrcaLevelEngine(context.http, target)
  }
  return withSecrets(
    createNativeEngine(remoteConnection(createClient(context.http, target)), TRAITS),
    context,
    () => target,
  )
}

/** Before a deploy, secrets beside the files go to the server. Nothing is loaded when no service asks for any. */
function withSecrets(engine: ServiceEngine, {http, notice}: DriverContext, target: () => HttpTarget): ServiceEngine {
  return {
    ...engine,
    async beforeDeploy(services, options) {
      if (!services.some(({spec}) => Object.values(spec.env).some((value) => value.includes('{secrets.')))) return
      const {takeFolderSecrets} = await import('../client/secrets-folder.ts')
      const {createSecretsClient} = await import('../client/secrets.ts')
      const open = async () => createSecretsClient({http, target: target()})
      await takeFolderSecrets(services, {...options, open, notice})
    },
  }
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
