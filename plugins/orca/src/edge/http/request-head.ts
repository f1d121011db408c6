import {CR, LF, SPACE, TARGET, TOKEN} from './characters.ts'
import {parseFields, withoutFields} from './fields.ts'
import {type Framing, framingOf} from './framing.ts'
import {MAX_REQUEST_LINE_BYTES} from './limits.ts'
import {listMembers} from './list.ts'
import {REQUEST_NAMES} from './names.ts'
import {Refusal} from './refusal.ts'

/** A request as the proxy understands it. */
export interface RequestHead {
  readonly method: string
  /** `/path?query`, or `*` for OPTIONS. */
  readonly target: string
  /** As sent (or from an absolute target), with port; undefined only in HTTP/1.0. */
  readonly host: string | undefined
  /** 0 for HTTP/1.0, 1 for HTTP/1.1. */
  readonly minor: number
  readonly framing: Framing
  /** Whether the client wants the connection to stay open. */
  readonly isPersistent: boolean
  readonly isWebSocket: boolean
  /** The client reads trailers. */
  readonly acceptsTrailers: boolean
  /** Sent by the client and fit to pass on. */
  readonly requestId: string | undefined
  /** End-to-end field lines, Host included. */
  readonly kept: string
}

/** Reads a complete request head, from the method to the empty line. Refusal 400, 405, 414, 431 or 505. */
export function parseRequestHead(text: string): RequestHead {
  const line = parseRequestLine(text)
  const fields = parseFields(text, line.end, REQUEST_NAMES)
  const {minor} = line
  const connection = fields.connection === undefined ? [] : listMembers(fields.connection)
  const {target, authority} = originForm(line.method, line.target)
  const host = authority ?? fields.host
  if (minor === 1 && fields.host === undefined) throw new Refusal(400, 'missing Host header')
  if (host !== undefined && !isHost(host)) throw new Refusal(400, 'a malformed Host header')
  let kept = connection.length === 0 ? fields.kept : withoutNamed(fields.kept, connection)
  if (authority !== undefined) kept = `Host: ${authority}\r\n${withoutFields(kept, HOST_ONLY)}`
  const framing = framingOf(fields, minor)
  return {
    method: line.method,
    target,
    host,
    minor,
    framing,
    isPersistent: minor === 1 ? !connection.includes('close') : connection.includes('keep-alive'),
    isWebSocket:
      fields.upgrade?.toLowerCase() === 'websocket' &&
      connection.includes('upgrade') &&
      minor === 1 &&
      line.method === 'GET' &&
      framing.kind === 'none',
    acceptsTrailers: fields.te !== undefined && listMembers(fields.te).includes('trailers'),
    requestId: fields.requestId,
    kept,
  }
}

const HOST_ONLY: ReadonlySet<string> = new Set(['host'])

/** Fields that a Connection header must not take away: they frame, route or identify the request. */
const NEVER_NAMED: ReadonlySet<string> = new Set(['host', 'content-length', 'x-request-id'])

/** The block without the fields that the Connection header names. */
export function withoutNamed(kept: string, connection: readonly string[]): string {
  const named = connection.filter((name) => !CONNECTION_OPTIONS.has(name) && !NEVER_NAMED.has(name))
  return named.length === 0 ? kept : withoutFields(kept, new Set(named))
}

/** Members of a Connection header that name no field of the kept block. */
const CONNECTION_OPTIONS: ReadonlySet<string> = new Set(['close', 'keep-alive', 'upgrade', 'te', 'transfer-encoding'])

interface RequestLine {
  readonly method: string
  readonly target: string
  readonly minor: number
  /** Index after the line end. */
  readonly end: number
}

function parseRequestLine(text: string): RequestLine {
  let position = 0
  while (TOKEN[text.charCodeAt(position)] === 1) position++
  const methodEnd = position
  if (methodEnd === 0 || text.charCodeAt(position++) !== SPACE) throw malformedLine()
  while (TARGET[text.charCodeAt(position)] === 1) position++
  const targetEnd = position
  if (targetEnd > MAX_REQUEST_LINE_BYTES) throw new Refusal(414, 'the request line is too long')
  if (targetEnd === methodEnd + 1 || text.charCodeAt(position++) !== SPACE) throw malformedLine()
  const minor = versionAt(text, position)
  return {method: text.slice(0, methodEnd), target: text.slice(methodEnd + 1, targetEnd), minor, end: position + 10}
}

function versionAt(text: string, position: number): number {
  const version = text.slice(position, position + 8)
  if (text.charCodeAt(position + 8) !== CR || text.charCodeAt(position + 9) !== LF) throw malformedLine()
  if (version === 'HTTP/1.1') return 1
  if (version === 'HTTP/1.0') return 0
  if (/^HTTP\/[0-9]\.[0-9]$/.test(version)) throw new Refusal(505, 'only HTTP/1.1 and HTTP/1.0 are spoken here')
  throw malformedLine()
}

const malformedLine = (): Refusal => new Refusal(400, 'a malformed request line')

const SLASH = 0x2f

function originForm(method: string, target: string): {target: string; authority: string | undefined} {
  if (method === 'CONNECT') throw new Refusal(405, 'CONNECT is not allowed')
  if (target.charCodeAt(0) === SLASH) return {target, authority: undefined}
  if (target === '*' && method === 'OPTIONS') return {target, authority: undefined}
  const absolute = /^https?:\/\/([^/?]+)(.*)$/is.exec(target)
  if (absolute?.[1] === undefined) throw new Refusal(400, 'a malformed request target')
  const rest = absolute[2] ?? ''
  return {target: rest.startsWith('/') ? rest : `/${rest}`, authority: absolute[1]}
}

const HOST = /^(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::[0-9]{0,5})?$/i
const isHost = (value: string): boolean => HOST.test(value)
