import {type LogLine, OmniError, type Service} from '@omni-cli/sdk'
import {isAtLeast, type LogLevel, levelOf} from './log-level.ts'

/** A line with the level it states, or that of the line it continues; `info` when nothing says. */
export interface LeveledLine extends LogLine {
  readonly level: LogLevel
}

/**
 * Adds levels, and keeps lines of at least `least`. An indented line (a stack trace) belongs to the line before it of
 * the same replica and stream.
 */
export async function* leveled(
  lines: AsyncIterable<LogLine>,
  least: LogLevel | undefined,
): AsyncGenerator<LeveledLine> {
  const before = new Map<string, LogLevel>()
  for await (const line of lines) {
    const source = `${line.replica} ${line.stream}`
    const continued = /^\s+\S/.test(line.text) ? before.get(source) : undefined
    const level = levelOf(line.text) ?? continued ?? 'info'
    before.set(source, level)
    if (least === undefined || isAtLeast(level, least)) yield {...line, level}
  }
}

/** The lines of one replica. NOT_FOUND when there are none and the service has no such replica now. */
export async function* requireLines(
  lines: AsyncIterable<LogLine>,
  {name, replicas}: Pick<Service, 'name' | 'replicas'>,
  replica: string,
): AsyncGenerator<LogLine> {
  let isKnown = replicas.some((one) => one.name === replica || one.name === `${name}-${replica}`)
  for await (const line of lines) {
    isKnown = true
    yield line
  }
  if (isKnown) return
  throw new OmniError('NOT_FOUND', `'${name}' has no replica '${replica}'`, {hint: `omni status ${name}`})
}

export interface LogLineStyle {
  /** Puts colour on a text; the same replica has the same colour. */
  readonly replica: (text: string, index: number) => string
  readonly time: (text: string) => string
  readonly level: (text: string, level: LogLevel) => string
  /** Makes the program's text safe to print. */
  readonly text: (text: string) => string
  readonly timestamps: boolean
}

/** One line for a person: time, replica, text. */
export function formatLogLine(line: LeveledLine, style: LogLineStyle): string {
  const index = Number(/-(\d+)$/.exec(line.replica)?.[1] ?? 0)
  const time = style.timestamps ? `${style.time(line.time)} ` : ''
  const replica = style.replica(style.text(line.replica), index)
  return `${time}${replica} ${style.level(style.text(line.text), line.level)}\n`
}
