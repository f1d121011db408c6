import {COLON, CR, FIELD_VALUE, LF, SPACE, TAB, TOKEN} from './characters.ts'
import {MAX_FIELDS} from './limits.ts'
import {Refusal} from './refusal.ts'

/** What a field means to a proxy: `drop` is never forwarded, `forbidden` refuses the message, without a kind it passes as it is. */
export type FieldKind =
  | 'host'
  | 'content-length'
  | 'transfer-encoding'
  | 'connection'
  | 'keep-alive'
  | 'upgrade'
  | 'te'
  | 'request-id'
  | 'drop'
  | 'forbidden'

/** The names, in lower case, that matter in one direction. */
export interface FieldNames {
  readonly exact: ReadonlyMap<string, FieldKind>
  /** By the beginning of the name. */
  readonly families: readonly (readonly [prefix: string, kind: FieldKind])[]
}

/** The fields of one head: what the proxy must know, and the rest as one block to forward. */
export interface Fields {
  /** Lines to forward byte by byte, each with its line end. Host, Content-Length and a sane X-Request-Id stay in it. */
  kept: string
  host: string | undefined
  contentLength: string | undefined
  transferEncoding: string | undefined
  connection: string | undefined
  keepAlive: string | undefined
  upgrade: string | undefined
  te: string | undefined
  requestId: string | undefined
}

/**
 * Reads the field lines from `position` to the empty line that ends the text.
 * Refusal 400 for anything that two readers might understand differently, 431 for too many fields.
 */
export function parseFields(text: string, from: number, names: FieldNames): Fields {
  const fields = noFields()
  let position = from
  let keptFrom = from
  for (let count = 0; text.charCodeAt(position) !== CR; count++) {
    if (count === MAX_FIELDS) throw new Refusal(431, 'too many header fields')
    const colon = endOfName(text, position)
    const end = endOfValue(text, colon + 1)
    const kind = kindOf(text, position, colon, names)
    if (kind !== undefined && !record(fields, kind, withoutPadding(text, colon + 1, end))) {
      fields.kept += text.slice(keptFrom, position)
      keptFrom = end + 2
    }
    position = end + 2
  }
  if (position + 2 !== text.length) throw new Refusal(400, 'a bare CR in the header')
  fields.kept += text.slice(keptFrom, position)
  return fields
}

/** The block without the lines of the given names (lower case). */
export function withoutFields(kept: string, names: ReadonlySet<string>): string {
  let result = ''
  for (let position = 0; position < kept.length; ) {
    const end = kept.indexOf('\n', position) + 1
    const name = kept.slice(position, kept.indexOf(':', position)).toLowerCase()
    if (!names.has(name)) result += kept.slice(position, end)
    position = end
  }
  return result
}

const noFields = (): Fields => ({
  kept: '',
  host: undefined,
  contentLength: undefined,
  transferEncoding: undefined,
  connection: undefined,
  keepAlive: undefined,
  upgrade: undefined,
  te: undefined,
  requestId: undefined,
})

function endOfName(text: string, from: number): number {
  let position = from
  while (TOKEN[text.charCodeAt(position)] === 1) position++
  if (position === from || text.charCodeAt(position) !== COLON) throw new Refusal(400, 'a malformed header field')
  return position
}

function endOfValue(text: string, from: number): number {
  let position = from
  while (FIELD_VALUE[text.charCodeAt(position)] === 1) position++
  if (text.charCodeAt(position) !== CR || text.charCodeAt(position + 1) !== LF) {
    throw new Refusal(400, 'a control character in a header field')
  }
  return position
}

function kindOf(text: string, start: number, end: number, names: FieldNames): FieldKind | undefined {
  if (!mayBeKnown(text.charCodeAt(start))) return undefined
  const name = text.slice(start, end).toLowerCase()
  const kind = namedKind(name, names)
  if (kind !== undefined || !name.includes('_')) return kind
  // Programs behind CGI or WSGI cannot tell the two apart, so a client could say what only we may say.
  const alias = namedKind(name.replaceAll('_', '-'), names)
  return alias === undefined || alias === 'forbidden' ? alias : 'drop'
}

const namedKind = (name: string, names: FieldNames): FieldKind | undefined =>
  names.exact.get(name) ?? names.families.find(([prefix]) => name.startsWith(prefix))?.[1]

/** First letters of all names that matter: c f h k p t u x. */
function mayBeKnown(code: number): boolean {
  switch (code | 0x20) {
    case 0x63:
    case 0x66:
    case 0x68:
    case 0x6b:
    case 0x70:
    case 0x74:
    case 0x75:
    case 0x78:
      return true
    default:
      return false
  }
}

/** Only space and tab are padding; `String.trim` would also hide other bytes that the backend still sees. */
function withoutPadding(text: string, from: number, to: number): string {
  let start = from
  let end = to
  while (start < end && isPadding(text.charCodeAt(start))) start++
  while (end > start && isPadding(text.charCodeAt(end - 1))) end--
  return text.slice(start, end)
}

const isPadding = (code: number): boolean => code === SPACE || code === TAB

/** Notes the value; true when the line stays in the forwarded block. */
function record(fields: Fields, kind: FieldKind, value: string): boolean {
  switch (kind) {
    case 'host':
      fields.host = once(fields.host, value)
      return true
    case 'content-length':
      fields.contentLength = once(fields.contentLength, value)
      return true
    case 'transfer-encoding':
      fields.transferEncoding = once(fields.transferEncoding, value)
      return false
    case 'request-id':
      if (fields.requestId !== undefined || !isSaneRequestId(value)) return false
      fields.requestId = value
      return true
    case 'connection':
      fields.connection = listed(fields.connection, value)
      return false
    case 'upgrade':
      fields.upgrade = listed(fields.upgrade, value)
      return false
    case 'te':
      fields.te = listed(fields.te, value)
      return false
    case 'keep-alive':
      fields.keepAlive = value
      return false
    case 'drop':
      return false
    case 'forbidden':
      throw new Refusal(400, 'a field that must not stand in a trailer')
    default:
      return kind satisfies never
  }
}

function once(before: string | undefined, value: string): string {
  if (before !== undefined) throw new Refusal(400, 'a header field that must not be repeated')
  return value
}

const listed = (before: string | undefined, value: string): string =>
  before === undefined ? value : `${before},${value}`

const SANE_REQUEST_ID = /^[\w.:+/=@-]{1,128}$/
const isSaneRequestId = (value: string): boolean => SANE_REQUEST_ID.test(value)
