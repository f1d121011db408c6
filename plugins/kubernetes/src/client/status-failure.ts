import {type ErrorCode, escapeTerminal, OmniError, redact} from '@omni-cli/sdk'
import {isFields, textAt} from '../fields.ts'
import type {KubeRequest} from './kube-client.ts'

/** One thing that the server minds. */
export interface StatusCause {
  /** `.spec.replicas`, `spec.containers[0].image` */
  readonly field?: string | undefined
  readonly message: string
  readonly reason?: string | undefined
}

/** What `details` of an error of this client holds. */
export interface StatusDetails {
  readonly status: number
  /** Word of the server: `AlreadyExists`, `Invalid`, `Expired`, … */
  readonly reason?: string | undefined
  readonly causes?: readonly StatusCause[] | undefined
  /** Who owns which field, for a conflict of server-side apply. */
  readonly conflicts?: readonly {readonly manager: string; readonly field: string}[] | undefined
}

const CODES: Readonly<Record<number, ErrorCode>> = {
  400: 'INVALID',
  401: 'UNAUTHORIZED',
  403: 'FORBIDDEN',
  404: 'NOT_FOUND',
  405: 'UNSUPPORTED',
  406: 'UNSUPPORTED',
  409: 'CONFLICT',
  413: 'INVALID',
  415: 'UNSUPPORTED',
  422: 'INVALID',
}

const LONGEST = 8_000

/** The error that an answer stands for. Its text is the server's, made safe to print. */
export function statusFailure(request: Pick<KubeRequest, 'method' | 'path'>, status: number, text: string): OmniError {
  const body = parseStatus(text)
  // Through its proxy the server hands on what a pod says.
  const isPage = isMarkup(text) && !request.path.includes('/proxy')
  const message = printable(body.message ?? (isPage ? pageText(status, request) : wordsOf(status, text)))
  const code = isPage && status !== 401 && status !== 403 ? 'UNAVAILABLE' : codeOf(status, message)
  const conflicts = conflictsOf(body.causes)
  const details: StatusDetails = {
    status,
    ...(body.reason === undefined ? {} : {reason: body.reason}),
    ...(body.causes.length === 0 ? {} : {causes: body.causes}),
    ...(conflicts.length === 0 ? {} : {conflicts}),
  }
  return new OmniError(
    code,
    conflicts.length === 0 ? worded(code, message, request) : conflictText(conflicts, request.path),
    {
      hint: hintFor(code, conflicts.length > 0),
      details,
      retryable: status === 429 || status >= 500 || status === 410,
    },
  )
}

const wordsOf = (status: number, text: string): string => text.trim() || `the API server answered ${status}`

/** API servers answer with a Status or a few words; a page is of something else that stands at the address. */
const isMarkup = (text: string): boolean => /^\s*<[!?a-z]/i.test(text)

const pageText = (status: number, {method, path}: Pick<KubeRequest, 'method' | 'path'>): string =>
  `the answer to ${method} ${path} is ${status} with a page: is this an API server?`

/** Status of the answer that an error stands for. */
export function statusOf(error: OmniError): number | undefined {
  const {details} = error
  const status = typeof details === 'object' && details !== null && 'status' in details ? details.status : undefined
  return typeof status === 'number' ? status : undefined
}

/** Webhooks refuse with 403 although it is the content that they mind; etcd's limit comes as 500. */
function codeOf(status: number, message: string): ErrorCode {
  if (status === 403 && /admission webhook .* denied the request/i.test(message)) return 'INVALID'
  if (status === 500 && /request is too large|exceeds? .*limit/i.test(message)) return 'INVALID'
  return CODES[status] ?? 'UNAVAILABLE'
}

function worded(code: ErrorCode, message: string, {method, path}: Pick<KubeRequest, 'method' | 'path'>): string {
  if (code === 'UNAUTHORIZED') return `the API server does not accept these credentials: ${message}`
  if (code === 'NOT_FOUND' && message === 'the server could not find the requested resource') {
    return `the API server does not serve ${path}`
  }
  // Proxies and old servers only say the word.
  return code === 'FORBIDDEN' && /^forbidden\.?$/i.test(message) ? `forbidden: ${method} ${path}` : message
}

function hintFor(code: ErrorCode, isConflict: boolean): string | undefined {
  if (isConflict) return 'look at it with omni diff, then take the fields over with --force-conflicts'
  return code === 'FORBIDDEN' || code === 'UNAUTHORIZED' ? 'omni cluster health' : undefined
}

function conflictText(conflicts: NonNullable<StatusDetails['conflicts']>, path: string): string {
  const [kind = '', name = ''] = path.split('/').slice(-2).map(decodeURIComponent)
  const owners = new Set(conflicts.map(({manager, field}) => `'${manager}' owns ${field}`))
  return `${kind} '${name}' is managed by others too: ${[...owners].join(', ')}`
}

/** `conflict with "kubectl" using apps/v1 at 2026-01-01T00:00:00Z` */
const conflictsOf = (causes: readonly StatusCause[]) =>
  causes.flatMap(({reason, message, field}) => {
    const manager = /conflict with "([^"]*)"/.exec(message)?.[1]
    return reason === 'FieldManagerConflict' && manager !== undefined ? [{manager, field: field ?? 'a field'}] : []
  })

interface ParsedStatus {
  readonly message?: string | undefined
  readonly reason?: string | undefined
  readonly causes: readonly StatusCause[]
}

function parseStatus(text: string): ParsedStatus {
  const body = parsed(text)
  const details = body.details
  const inner = isFields(details) ? details : {}
  const causes = Array.isArray(inner.causes) ? inner.causes.filter(isFields) : []
  return {
    message: textAt(body, 'message'),
    reason: textAt(body, 'reason'),
    causes: causes.map((cause) => ({
      ...(textAt(cause, 'field') === undefined ? {} : {field: printable(textAt(cause, 'field') ?? '')}),
      message: printable(textAt(cause, 'message') ?? ''),
      ...(textAt(cause, 'reason') === undefined ? {} : {reason: textAt(cause, 'reason')}),
    })),
  }
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    const body: unknown = JSON.parse(text)
    return isFields(body) ? body : {}
  } catch {
    return {}
  }
}

const printable = (text: string): string =>
  String(redact(text.slice(0, LONGEST)))
    .split('\n')
    .map(escapeTerminal)
    .join('\n')
