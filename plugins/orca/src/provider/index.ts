import {type DriverContext, defineProvider, OmniError, type ServiceEngine, type ServiceTraits} from '@omni-cli/sdk'
import {createClient} from '../client/client.ts'
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

/** Setting, then what Orca's own client reads. CONFIG_INVALID when the named variable is not set. */
function tokenOf({token}: OrcaSettings, env: DriverContext['env']): string | undefined {
  if (token === undefined) return env.ORCA_TOKEN || undefined
  if (typeof token === 'string') return token
  const value = env[token.env]
  if (value !== undefined && value !== '') return value
  throw new OmniError('CONFIG_INVALID', `the token of the server is in ${token.env}, which is not set`, {
    hint: `export ${token.env}=…`,
  })
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
