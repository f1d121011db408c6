import {readFileSync} from 'node:fs'
import {join} from 'node:path'
import {type CallOptions, createHttp, type Http, type HttpTarget, type Logger, OmniError} from '@omni-cli/sdk'
import {type OrcaSettings, orcaSettings} from '../config.ts'
import {hasStore, localTarget} from './local-files.ts'

/** What commands beside the contracts need of a session. */
export interface TargetSession {
  readonly home: string
  readonly context: Readonly<Record<string, unknown>> & {readonly name: string}
  readonly log: Logger
}

export interface OpenTarget {
  readonly http: Http
  readonly target: HttpTarget
}

type TargetOptions = CallOptions & {
  readonly notice: (text: string) => void
  readonly env?: NodeJS.ProcessEnv | undefined
}

/**
 * The server that the context means: the one at its `orca.url`, else the engine of this user, which is started when it does
 * not run. CONFIG_INVALID when the settings of the context are wrong.
 */
export async function openTarget({home, context, log}: TargetSession, options: TargetOptions): Promise<OpenTarget> {
  const http = createHttp({log})
  const remote = remoteTarget(context, options)
  if (remote !== undefined) return {http, target: remote}
  const {startLocalServer} = await import('./local-server.ts')
  if (await startLocalServer({home, signal: options.signal})) {
    options.notice('started the local engine (omni server status)')
  }
  return {http, target: localTarget(home)}
}

/**
 * The same for a question, which starts nothing: undefined when the engine of this user has never kept anything. UNAVAILABLE
 * when it has, and does not run.
 */
export async function findTarget(
  {home, context, log}: TargetSession,
  options: TargetOptions,
): Promise<OpenTarget | undefined> {
  const http = createHttp({log})
  const remote = remoteTarget(context, options)
  if (remote !== undefined) return {http, target: remote}
  const {isListening} = await import('./local-server.ts')
  if (await isListening(home)) return {http, target: localTarget(home)}
  if (!hasStore(home)) return undefined
  throw new OmniError('UNAVAILABLE', 'the local engine does not run', {hint: 'omni server start', retryable: true})
}

function remoteTarget(context: TargetSession['context'], {env = process.env}: TargetOptions): HttpTarget | undefined {
  const settings = settingsOf(context)
  return settings.url === undefined ? undefined : {url: settings.url, token: tokenOf(settings, env)}
}

function settingsOf(context: TargetSession['context']): OrcaSettings {
  const parsed = orcaSettings.safeParse(context.orca ?? {})
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const place = ['orca', ...(issue?.path ?? [])].join('.')
  throw new OmniError('CONFIG_INVALID', `context '${context.name}': '${place}': ${issue?.message ?? 'is wrong'}`, {
    hint: 'omni config edit',
  })
}

/** Setting, then what Orca's own client reads. CONFIG_INVALID when the named variable is not set. */
export function tokenOf({token}: OrcaSettings, env: Readonly<Record<string, string | undefined>>): string | undefined {
  if (token === undefined) return env.ORCA_TOKEN || orcaTokenFile(env.HOME)
  if (typeof token === 'string') return token
  const value = env[token.env]
  if (value !== undefined && value !== '') return value
  throw new OmniError('CONFIG_INVALID', `the token of the server is in ${token.env}, which is not set`, {
    hint: `export ${token.env}=…`,
  })
}

/** The token that an Orca server of this user has left, if any. */
function orcaTokenFile(home: string | undefined): string | undefined {
  if (home === undefined) return undefined
  try {
    return readFileSync(join(home, '.orca', 'cluster.token'), 'utf8').trim() || undefined
  } catch {
    return undefined
  }
}
