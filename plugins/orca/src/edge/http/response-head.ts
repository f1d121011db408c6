import {CR, FIELD_VALUE, LF} from './characters.ts'
import {parseFields} from './fields.ts'
import {type Framing, framingOf} from './framing.ts'
import {listMembers} from './list.ts'
import {RESPONSE_NAMES} from './names.ts'
import {Refusal} from './refusal.ts'
import {withoutNamed} from './request-head.ts'

/** An answer of a backend as the proxy understands it. */
export interface ResponseHead {
  readonly status: number
  readonly reason: string
  readonly framing: Framing
  /** Whether the backend lets the connection be used again. */
  readonly isPersistent: boolean
  /** Seconds that the backend keeps an idle connection, when it says so. */
  readonly keepAliveSeconds: number | undefined
  /** Lower case. */
  readonly upgrade: string | undefined
  /** End-to-end field lines. */
  readonly kept: string
}

/** Reads a complete answer head. Refusal (whatever its status, the client gets a 502) when it is malformed. */
export function parseResponseHead(text: string): ResponseHead {
  const line = parseStatusLine(text)
  const fields = parseFields(text, line.end, RESPONSE_NAMES)
  const connection = fields.connection === undefined ? [] : listMembers(fields.connection)
  return {
    status: line.status,
    reason: line.reason,
    framing: framingOf(fields, line.minor),
    isPersistent: line.minor === 1 ? !connection.includes('close') : connection.includes('keep-alive'),
    keepAliveSeconds: fields.keepAlive === undefined ? undefined : timeoutOf(fields.keepAlive),
    upgrade: fields.upgrade?.toLowerCase(),
    kept: connection.length === 0 ? fields.kept : withoutNamed(fields.kept, connection),
  }
}

interface StatusLine {
  readonly minor: number
  readonly status: number
  readonly reason: string
  readonly end: number
}

const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9][0-9][0-9])(?: |(?=\r))/

function parseStatusLine(text: string): StatusLine {
  const start = STATUS_LINE.exec(text)
  if (start === null) throw new Refusal(502, 'a malformed status line')
  const reasonFrom = start[0].length
  let position = reasonFrom
  while (FIELD_VALUE[text.charCodeAt(position)] === 1) position++
  if (text.charCodeAt(position) !== CR || text.charCodeAt(position + 1) !== LF) {
    throw new Refusal(502, 'a malformed status line')
  }
  return {
    minor: start[1] === '1' ? 1 : 0,
    status: Number(start[2]),
    reason: text.slice(reasonFrom, position),
    end: position + 2,
  }
}

function timeoutOf(keepAlive: string): number | undefined {
  const seconds = /(?:^|[,;\s])timeout=([0-9]{1,6})/i.exec(keepAlive)?.[1]
  return seconds === undefined ? undefined : Number(seconds)
}
