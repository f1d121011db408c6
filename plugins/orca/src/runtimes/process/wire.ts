import type {ExitInfo} from '@omni-cli/sdk'
import type {RuntimeInstance} from '../runtime.ts'
import type {Limits} from './cgroup.ts'
import type {Command} from './command.ts'

/** Of one message between the supervisor and its callers. */
export const MAX_LINE_CHARACTERS = 16 * 1024 * 1024

/**
 * What the runtime and its supervisor say to each other: JSON lines over a Unix socket of this user. A request carries
 * `seq`, its answer the same `seq`; lines with `event` come unasked. Both ends are of this plugin, but may be of
 * different versions: the hello tells.
 */
export const PROTOCOL = 1

export interface CreateParams {
  /** Chosen by the caller, so that a repeated request makes no second instance. */
  readonly id: string
  readonly service: string
  readonly index: number
  readonly release: string
  readonly command: Command
  /** Complete but for PORT. */
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
  /** True: choose a port for it. */
  readonly listens: boolean
  readonly limits: Limits
  readonly uid?: number | undefined
  readonly gid?: number | undefined
}

/** What a program needs to run beside an instance. */
export interface InstanceContext {
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  readonly uid?: number | undefined
  readonly gid?: number | undefined
}

export type Request =
  | {readonly op: 'create'; readonly params: CreateParams}
  | {readonly op: 'stop'; readonly id: string; readonly graceMs: number}
  | {readonly op: 'remove'; readonly id: string}
  | {readonly op: 'context'; readonly id: string}
  | {readonly op: 'list'}
  /** Ends the supervisor, not the instances. */
  | {readonly op: 'quit'}
  /** The caller goes and needs no supervisor that holds nothing: it ends when nobody is connected any more. */
  | {readonly op: 'leave'}

export interface WireError {
  readonly code: 'DEPLOY_FAILED' | 'CONFLICT' | 'NOT_FOUND' | 'USAGE' | 'IO'
  readonly message: string
  readonly details?: unknown
}

export type Reply =
  | {readonly seq: number; readonly ok: true; readonly result?: unknown}
  | {readonly seq: number; readonly ok: false; readonly error: WireError}

export type ServerEvent =
  | {
      readonly event: 'hello'
      readonly protocol: number
      readonly pid: number
      readonly version: string
      /** Nothing runs: this supervisor may be replaced without a loss. */
      readonly isIdle: boolean
    }
  | {readonly event: 'exited'; readonly instance: RuntimeInstance}

export type Fields = Readonly<Record<string, unknown>>

export const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The JSON object of a line; undefined when it is none. */
export function parseFields(line: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return isFields(value) ? value : undefined
  } catch {
    return undefined
  }
}

export const isInstance = (value: unknown): value is RuntimeInstance =>
  isFields(value) &&
  typeof value.id === 'string' &&
  typeof value.service === 'string' &&
  typeof value.index === 'number' &&
  typeof value.release === 'string' &&
  (value.state === 'running' || value.state === 'exited') &&
  typeof value.startedAt === 'string' &&
  (value.exit === undefined || isExit(value.exit))

export const isExit = (value: unknown): value is ExitInfo => isFields(value) && typeof value.at === 'string'

export const isContext = (value: unknown): value is InstanceContext =>
  isFields(value) && typeof value.cwd === 'string' && isStringMap(value.env)

/** Undefined when the line asks for nothing that we know. */
export function readRequest(fields: Fields): Request | undefined {
  const {op, id, graceMs, params} = fields
  if (op === 'list' || op === 'quit' || op === 'leave') return {op}
  if ((op === 'remove' || op === 'context') && typeof id === 'string') return {op, id}
  if (op === 'stop' && typeof id === 'string' && typeof graceMs === 'number') return {op, id, graceMs}
  if (op === 'create' && isCreateParams(params)) return {op, params}
  return undefined
}

const isCreateParams = (value: unknown): value is CreateParams =>
  isFields(value) &&
  [value.id, value.service, value.release, value.cwd].every((text) => typeof text === 'string') &&
  typeof value.index === 'number' &&
  typeof value.listens === 'boolean' &&
  (typeof value.command === 'string' || isStringList(value.command)) &&
  isStringMap(value.env) &&
  isFields(value.limits)

const isStringList = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((entry) => typeof entry === 'string')

const isStringMap = (value: unknown): value is Record<string, string> =>
  isFields(value) && Object.values(value).every((entry) => typeof entry === 'string')
