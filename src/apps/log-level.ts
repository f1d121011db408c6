export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

const WORDS: Readonly<Record<string, LogLevel>> = {
  trace: 'trace',
  verbose: 'trace',
  silly: 'trace',
  debug: 'debug',
  dbg: 'debug',
  info: 'info',
  inf: 'info',
  information: 'info',
  notice: 'info',
  log: 'info',
  http: 'info',
  warn: 'warn',
  wrn: 'warn',
  warning: 'warn',
  error: 'error',
  err: 'error',
  severe: 'error',
  fatal: 'fatal',
  critical: 'fatal',
  crit: 'fatal',
  alert: 'fatal',
  emerg: 'fatal',
  emergency: 'fatal',
  panic: 'fatal',
}

const KEYS = ['level', 'severity', 'lvl', 'levelname', 'log.level', 'loglevel']
const GLOG: Readonly<Record<string, LogLevel>> = {I: 'info', W: 'warn', E: 'error', F: 'fatal'}

/** The level a line of output states, or undefined when it states none. Understands JSON, logfmt and the usual prefixes. */
export function levelOf(text: string): LogLevel | undefined {
  return jsonLevel(text) ?? pairLevel(text) ?? prefixLevel(text) ?? failureLevel(text)
}

/** True when `level` is at least `least`. */
export const isAtLeast = (level: LogLevel, least: LogLevel): boolean =>
  LOG_LEVELS.indexOf(level) >= LOG_LEVELS.indexOf(least)

function jsonLevel(text: string): LogLevel | undefined {
  if (!text.startsWith('{')) return undefined
  try {
    const fields: unknown = JSON.parse(text)
    const entries = new Map(typeof fields === 'object' && fields !== null ? Object.entries(fields) : [])
    const value = KEYS.map((key) => entries.get(key)).find((found) => found !== undefined)
    return typeof value === 'number' ? numberLevel(value) : wordLevel(String(value ?? ''))
  } catch {
    return undefined
  }
}

/** Numbers of bunyan and pino: 10 trace … 60 fatal. */
const numberLevel = (value: number): LogLevel | undefined =>
  value >= 10 && value <= 60 ? LOG_LEVELS[Math.floor(value / 10) - 1] : undefined

const wordLevel = (word: string): LogLevel | undefined => {
  const key = word.toLowerCase()
  return Object.hasOwn(WORDS, key) ? WORDS[key] : undefined
}

const pairLevel = (text: string): LogLevel | undefined =>
  wordLevel(/(?:^|[\s,{])(?:level|lvl|severity)=["']?([A-Za-z]+)/.exec(text)?.[1] ?? '')

/** `[error] …`, `ERROR: …`, `2026-01-01 12:00:00,1 WARN …`, ` warn --- …`, `E0102 15:04:05 …`. */
function prefixLevel(text: string): LogLevel | undefined {
  const glog = /^([IWEF])\d{4} \d\d:\d\d/.exec(text)?.[1]
  if (glog !== undefined) return GLOG[glog]
  const head = text.slice(0, 80)
  const bracketed = /[[<(]\s*([A-Za-z]+)\s*[\])>]/.exec(head)?.[1]
  const labelled = /^\W*(?:[\d:.,TZ/+-]+\s+)*([A-Za-z]+)\s*(?::|-{2,}|\|)/.exec(head)?.[1]
  const shouted = /(?:^|[\s\]|])(TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|FATAL|CRITICAL)(?=[\s:\]|]|$)/.exec(
    head,
  )?.[1]
  return wordLevel(bracketed ?? '') ?? wordLevel(labelled ?? '') ?? wordLevel(shouted ?? '')
}

/** Lines that languages print when a program fails. */
function failureLevel(text: string): LogLevel | undefined {
  if (/^(panic|fatal error): |^Segmentation fault|^thread '.*' panicked/.test(text)) return 'fatal'
  return /^(Uncaught )?[\w.]*(Error|Exception)\b.*:|^Traceback \(most recent call last\):/.test(text)
    ? 'error'
    : undefined
}
