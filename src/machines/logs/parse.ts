import type {LogLevel} from '../../apps/log-level.ts'
import type {SourceLine} from '../../apps/log-lines.ts'

/** By number of the priority, and by the names that system logs write. */
const PRIORITIES: readonly LogLevel[] = ['fatal', 'fatal', 'fatal', 'error', 'warn', 'info', 'info', 'debug']
const WORDS: Readonly<Record<string, LogLevel>> = {
  ...{emerg: 'fatal', alert: 'fatal', crit: 'fatal', err: 'error', error: 'error'},
  ...{warn: 'warn', warning: 'warn', notice: 'info', info: 'info', debug: 'debug'},
}

const lineOf = (
  machine: string,
  line: {readonly time: string; readonly text: string; readonly level: LogLevel | undefined},
) =>
  ({...line, replica: machine, stream: line.level === 'error' || line.level === 'fatal' ? 'stderr' : 'stdout'}) as const

/** An entry of `journalctl --output json` → its lines. None for what is no entry. */
export function journalLines(machine: string, json: string): SourceLine[] {
  const entry = parseEntry(json)
  const micros = Number(entry?.get('__REALTIME_TIMESTAMP'))
  if (entry === undefined || !Number.isFinite(micros)) return []
  const program = textOf(entry.get('SYSLOG_IDENTIFIER')) || textOf(entry.get('_COMM'))
  const pid = textOf(entry.get('_PID'))
  const head = program === '' ? '' : `${program}${pid === '' ? '' : `[${pid}]`}: `
  const level = PRIORITIES[Number(textOf(entry.get('PRIORITY')) || Number.NaN)]
  const time = new Date(micros / 1000).toISOString()
  return textOf(entry.get('MESSAGE'))
    .split('\n')
    .map((text, index) => lineOf(machine, {time, level, text: index === 0 ? `${head}${text}` : `  ${text}`}))
}

function parseEntry(json: string): Map<string, unknown> | undefined {
  try {
    const entry: unknown = JSON.parse(json)
    return typeof entry === 'object' && entry !== null ? new Map(Object.entries(entry)) : undefined
  } catch {
    return undefined
  }
}

/** A field is a text; bytes that are no text come as numbers, several values as a list. */
function textOf(value: unknown): string {
  if (typeof value === 'string') return value
  if (!Array.isArray(value)) return ''
  const bytes = value.filter((item) => typeof item === 'number')
  return bytes.length === value.length ? Buffer.from(bytes).toString('utf8') : textOf(value[0])
}

const MODERN = /^(\d{4}-\d\d-\d\dT\S+) (.*)$/s
const CLASSIC = /^([A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d) (.*)$/s

/**
 * A line of a system log file. Its time without a year and a zone is taken as UTC and as not in the future; a line without
 * a time has that of the line before.
 */
export function syslogLine(
  machine: string,
  line: string,
  before: {readonly time: string; readonly nowMs: number},
): SourceLine {
  const [, stamp, rest = line] = MODERN.exec(line) ?? CLASSIC.exec(line) ?? []
  const ms = stamp === undefined ? Number.NaN : timeOf(stamp, before.nowMs)
  if (Number.isNaN(ms)) return lineOf(machine, {time: before.time, text: line, level: undefined})
  // The name of the host is that of the machine, which stands in front anyway.
  const [, priority, text = ''] = /^\S+ (?:[a-z]+\d?\.([a-z]+) )?(.*)$/s.exec(rest) ?? ['', undefined, rest]
  return lineOf(machine, {
    time: new Date(ms).toISOString(),
    text,
    level: priority === undefined ? undefined : WORDS[priority],
  })
}

const DAY_MS = 86_400_000

function timeOf(stamp: string, nowMs: number): number {
  if (/^\d/.test(stamp)) return Date.parse(stamp)
  const year = new Date(nowMs).getUTCFullYear()
  const ms = Date.parse(`${stamp} ${year} UTC`)
  return ms > nowMs + DAY_MS ? Date.parse(`${stamp} ${year - 1} UTC`) : ms
}
