import type {DriverContext} from '../contracts/driver.ts'
import {OmniError} from '../errors.ts'
import {type Logger, silentLogger} from '../io/log.ts'
import {makePrivateFolder} from '../io/make-folder.ts'
import {isSecretKey} from '../io/redact.ts'
import {stderrLogger} from '../io/stderr-log.ts'
import {guess} from '../nearest.ts'
import {configFileIn, omniHome} from './config/home.ts'
import {loadConfig} from './config/load.ts'
import {enabledContributions, type PluginPackage, readContributions} from './contributions.ts'
import {readHost} from './host.ts'
import {askConfirm, canAsk} from './prompts.ts'
import {openProviders} from './providers.ts'
import type {Context, Contribution, OmniConfig, Session} from './session.ts'

type Env = Readonly<Record<string, string | undefined>>

export interface SessionOptions {
  readonly plugins: Iterable<PluginPackage>
  /** Values of the flags. */
  readonly context?: string | undefined
  readonly namespace?: string | undefined
  readonly provider?: string | undefined
  readonly isDebug: boolean
  readonly notice: (text: string) => void
  readonly signal?: AbortSignal | undefined
  /** Default: the process's. */
  readonly env?: Env | undefined
}

/** What works without any configuration: everything on this machine. */
export const DEFAULT_CONTEXT: Context = {name: 'default'}

/** Reads configuration and contributions. CONFIG_INVALID, NOT_FOUND for an unknown context; imports no plugin. */
export async function openSession(options: SessionOptions): Promise<Session> {
  const {notice, env = process.env} = options
  const home = omniHome(env)
  const {config, warning} = await loadConfig(home)
  if (warning !== undefined) notice(`warning: ${warning}`)
  const context = chooseContext(config, options.context || env.OMNI_CONTEXT || undefined)
  const namespace = options.namespace || env.OMNI_NAMESPACE || context.namespace
  const secrets = secretsIn(context)
  const log = options.isDebug ? stderrLogger(secrets) : silentLogger
  const contributions = enabledContributions(declaredContributions(options), config.plugins)
  let driverContext: Promise<DriverContext> | undefined
  const providers = openProviders({
    context,
    contributions,
    wanted: options.provider || env.OMNI_PROVIDER || undefined,
    signal: options.signal,
    driverContext: () => {
      const {signal} = options
      // Not asked before it matters: to look at stdin costs 10 ms.
      const confirm = async (question: string) => canAsk() && askConfirm(question, {signal})
      driverContext ??= createDriverContext({home, env, context, namespace, log, notice, confirm}, secrets)
      return driverContext
    },
  })
  return {home, configFile: configFileIn(home), config, context, namespace, log, contributions, ...providers}
}

/** The named context, else the current one, else the only one, else the default. NOT_FOUND with the nearest name. */
export function chooseContext(config: OmniConfig, name: string | undefined): Context {
  const wanted = name ?? config['current-context']
  const [first, ...others] = config.contexts
  if (wanted === undefined) return first !== undefined && others.length === 0 ? first : DEFAULT_CONTEXT
  const found = config.contexts.find((context) => context.name === wanted)
  if (found !== undefined) return found
  if (wanted === DEFAULT_CONTEXT.name) return DEFAULT_CONTEXT
  throw unknownContext(config, wanted)
}

/** NOT_FOUND, naming the nearest context. */
export function unknownContext(config: OmniConfig, name: string): OmniError {
  const names = config.contexts.map((context) => context.name)
  return new OmniError('NOT_FOUND', `there is no context '${name}'${guess(name, names)}`, {hint: 'omni context list'})
}

function declaredContributions({plugins, notice}: SessionOptions): readonly Contribution[] {
  const known = readHost().contributions
  if (known !== undefined) return known
  const {contributions, warnings} = readContributions(plugins)
  for (const warning of warnings) notice(`warning: ${warning} (omni doctor)`)
  return contributions
}

interface DriverSurroundings {
  readonly home: string
  readonly env: Env
  readonly context: Context
  readonly namespace: string | undefined
  readonly log: Logger
  readonly notice: (text: string) => void
  readonly confirm: DriverContext['confirm']
}

async function createDriverContext(
  surroundings: DriverSurroundings,
  secrets: readonly string[],
): Promise<DriverContext> {
  const [{createHttp}, {createExec}] = await Promise.all([
    import('../io/create-http.ts'),
    import('../io/create-exec.ts'),
  ])
  try {
    makePrivateFolder(surroundings.home)
  } catch {
    // It only matters to a driver that writes there, and that one says so.
  }
  const {log, context} = surroundings
  const {name, cluster, protected: isProtected} = context
  return {
    ...surroundings,
    context: name,
    cluster,
    isProtected,
    http: createHttp({log}),
    exec: createExec({log, secrets}),
  }
}

/** Secrets that stand in the context itself. */
function secretsIn(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, item]) => {
    if (typeof item === 'string') return isSecretKey(key) ? [item] : []
    return secretsIn(item)
  })
}
