import {
  type DriverContext,
  type ExecRequestOptions,
  type ExecResult,
  isOmniError,
  messageOf,
  OmniError,
} from '@omni-cli/sdk'
import type * as z from 'zod/mini'
import {failureOf} from './failure.ts'
import {own} from './own.ts'
import {info, version, type Words} from './requests.ts'
import {type InstanceWire, infoWire, type VersionWire, versionWire} from './wire.ts'

/** Runs the program `multipass`. */
export interface MultipassClient {
  /** Whatever its exit status is. NOT_FOUND when the program is not installed. */
  ask(words: Words, options?: ExecRequestOptions): Promise<ExecResult>
  /** Rejects with the failure that it tells, unless it ends with 0. */
  run(words: Words, options?: ExecRequestOptions): Promise<ExecResult>
  /** What it prints as JSON. */
  json<T>(words: Words, schema: z.ZodMiniType<T>, options?: ExecRequestOptions): Promise<T>
  /** Every machine, also those in the trash, in one call. */
  instances(options?: ExecRequestOptions): Promise<Readonly<Record<string, InstanceWire>>>
  /** Undefined for a name that does not exist. */
  instance(name: string, options?: ExecRequestOptions): Promise<InstanceWire | undefined>
  /** Asked until the daemon has answered once. Without `multipassd` the daemon does not answer. */
  version(options?: ExecRequestOptions): Promise<VersionWire>
}

/** Times are printed in the language of the user; ours is one that can be read. */
const ENV = {LC_TIME: 'C'}

/** Answers come at once; what takes longer is given its own time. */
const QUERY_MS = 30_000

export function createClient({exec}: Pick<DriverContext, 'exec'>, program = 'multipass'): MultipassClient {
  const ask: MultipassClient['ask'] = (words, options = {}) =>
    exec([program, ...words], {timeoutMs: QUERY_MS, env: ENV, ...options}).catch((error: unknown) => {
      throw isMissing(error) ? notInstalled(error) : error
    })
  const run: MultipassClient['run'] = async (words, options) => {
    const result = await ask(words, options)
    if (result.exitCode !== 0) throw failureOf(result)
    return result
  }
  const json: MultipassClient['json'] = async (words, schema, options) => {
    const {stdout} = await run(words, options)
    return parse(stdout, schema, words)
  }
  let known: Promise<VersionWire> | undefined
  return {
    ask,
    run,
    json,
    instances: async (options) => (await json(info(), infoWire, options)).info,
    async instance(name, options) {
      try {
        const found = (await json(info(name), infoWire, options)).info
        return own(found, name)
      } catch (error) {
        if (isOmniError(error) && error.code === 'NOT_FOUND' && error.message.includes(`"${name}"`)) return undefined
        throw error
      }
    },
    version(options) {
      known ??= json(version, versionWire, options)
      const asked = known
      const forget = () => {
        if (known === asked) known = undefined
      }
      // A daemon that did not answer may do so the next time.
      asked.then(({multipassd}) => (multipassd === undefined ? forget() : undefined), forget)
      return asked
    },
  }
}

const isMissing = (error: unknown) => isOmniError(error) && error.code === 'NOT_FOUND'

const notInstalled = (cause: unknown) =>
  new OmniError('UNAVAILABLE', 'Multipass is not installed', {hint: 'omni init --instances multipass', cause})

function parse<T>(text: string, schema: z.ZodMiniType<T>, words: Words): T {
  try {
    return schema.parse(JSON.parse(text))
  } catch (error) {
    throw new OmniError('UNAVAILABLE', `cannot read what 'multipass ${words[0]}' has printed: ${messageOf(error)}`, {
      cause: error,
    })
  }
}

/** Whether a version (`1.16.3`, `1.17.0-dev.12`) is at least that one. */
export function isAtLeast(version: string, major: number, minor: number): boolean {
  const [haveMajor = 0, haveMinor = 0] = version.split('.').map((part) => Number.parseInt(part, 10) || 0)
  return haveMajor > major || (haveMajor === major && haveMinor >= minor)
}
