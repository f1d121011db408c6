import {messageOf, OmniError} from '@omni-cli/sdk'
import {type Api, createApi} from './api.ts'
import {Bench, type Workload} from './bench.ts'
import type {CheckContext, ConformanceCheck, ConformanceResult, Need} from './check.ts'
import {member} from './expect.ts'

export interface ConformanceOptions {
  readonly url: string
  /** Of an admin. */
  readonly token: string | undefined
  readonly workload: Workload
  /** Address of the proxy, when its checks are wanted. */
  readonly proxy?: string | undefined
  /** Of the other roles, when they cannot be made over the API. */
  readonly tokens?: {readonly deployer?: string | undefined; readonly viewer?: string | undefined} | undefined
  readonly signal?: AbortSignal | undefined
}

export interface ConformanceSuite {
  /** Why a check is left out here; undefined when it is run. */
  missing(check: ConformanceCheck): string | undefined
  run(check: ConformanceCheck): Promise<ConformanceResult>
  /** Revokes the tokens that were made. */
  close(): Promise<void>
}

const REASONS: Readonly<Record<Need, string>> = {
  app: 'needs an app that obeys its environment (--app)',
  proxy: 'needs the address of the proxy (--proxy)',
  containers: 'needs a server that runs containers',
  omni: 'is about routes that Orca does not have',
  tokens: 'needs tokens of the other roles (--deployer-token, --viewer-token)',
}

const UNUSED = 'unused'

/** Looks what the server has, and makes what the checks share. UNAVAILABLE or UNAUTHORIZED when it cannot be used. */
export async function openSuite(options: ConformanceOptions): Promise<ConformanceSuite> {
  const api = createApi(options.url, options.token)
  await requireAdmin(api)
  const isOmni = (await api.send('GET', '/api/v1/version')).status === 200
  const made = isOmni ? await makeTokens(api) : undefined
  const tokens = {deployer: options.tokens?.deployer ?? made?.deployer, viewer: options.tokens?.viewer ?? made?.viewer}
  const has: Readonly<Record<Need, boolean>> = {
    app: options.workload.isApp,
    proxy: options.proxy !== undefined,
    containers: options.workload.fields.image !== undefined,
    omni: isOmni,
    tokens: tokens.deployer !== undefined && tokens.viewer !== undefined,
  }
  const shared = {
    api,
    tokens: {admin: options.token, deployer: tokens.deployer ?? UNUSED, viewer: tokens.viewer ?? UNUSED},
    proxy: new URL(options.proxy ?? 'http://127.0.0.1:80'),
  }
  const missing = ({needs = []}: ConformanceCheck) => {
    const need = needs.find((name) => !has[name])
    return need === undefined ? undefined : REASONS[need]
  }
  return {
    missing,
    run: (check) => runCheck(check, {reason: missing(check), shared, workload: options.workload}),
    async close() {
      for (const name of made?.names ?? []) await api.send('DELETE', `/api/v1/tokens/${name}`)
    },
  }
}

async function runCheck(
  check: ConformanceCheck,
  {
    reason,
    shared,
    workload,
  }: {
    readonly reason: string | undefined
    readonly shared: Omit<CheckContext, 'bench'>
    readonly workload: Workload
  },
): Promise<ConformanceResult> {
  const {group, name} = check
  if (reason !== undefined) return {group, name, outcome: 'skipped', reason, durationMs: 0}
  const bench = new Bench(shared.api, workload)
  const startMs = performance.now()
  const took = () => Math.round(performance.now() - startMs)
  try {
    await check.run({...shared, bench})
    return {group, name, outcome: 'passed', durationMs: took()}
  } catch (error) {
    return {group, name, outcome: 'failed', reason: messageOf(error), durationMs: took()}
  } finally {
    await bench.clear()
  }
}

async function requireAdmin(api: Api): Promise<void> {
  const answer = await api.send('GET', '/api/v1/cluster/info').catch((error: unknown) => {
    throw new OmniError('UNAVAILABLE', `the server at ${api.url.origin} does not answer: ${messageOf(error)}`, {
      hint: 'omni server status',
      cause: error,
    })
  })
  if (answer.status === 200) return
  throw new OmniError('UNAUTHORIZED', `the server answers ${answer.status}: ${answer.text.slice(0, 200)}`, {
    hint: 'omni conformance orca --url URL --token TOKEN',
  })
}

async function makeTokens(api: Api) {
  const mark = `conformance-${Date.now().toString(36)}`
  const make = async (role: string) => {
    const answer = await api.send('POST', '/api/v1/tokens', {json: {name: `${mark}-${role}`, role}})
    return answer.status === 201 ? member(answer.json(), 'token', 'string') : undefined
  }
  const [deployer, viewer] = [await make('deployer'), await make('viewer')]
  return {deployer, viewer, names: [`${mark}-deployer`, `${mark}-viewer`]}
}
