import {type LogFacet, type LogLine, type LogOptions, OmniError, type Service} from '@omni-cli/sdk'
import {isAtLeast, type LogLevel, levelOf} from './log-level.ts'

/** A line with the level it states, or that of the line it continues; `info` when nothing says. */
export interface LeveledLine extends LogLine {
  readonly level: LogLevel
}

/** A line of which its source may know the level. */
export type SourceLine = LogLine & {readonly level?: LogLevel | undefined}

/** Lines in pieces, as the driver gives them: a promise a line is too much for a million of them. */
export async function* readPieces(
  facet: LogFacet,
  name: string,
  options: LogOptions,
): AsyncGenerator<readonly LogLine[]> {
  if (facet.pieces !== undefined) yield* facet.pieces(name, options)
  else for await (const line of facet.read(name, options)) yield [line]
}

/**
 * Adds levels, and keeps lines of at least `least`. An indented line (a stack trace) belongs to the line before it of
 * the same replica and stream.
 */
export async function* leveled(
  pieces: AsyncIterable<readonly SourceLine[]>,
  least: LogLevel | undefined,
): AsyncGenerator<readonly LeveledLine[]> {
  const before = new Map<string, LogLevel>()
  const levelFor = (line: SourceLine): LogLevel => {
    const source = `${line.replica} ${line.stream}`
    const continued = /^\s+\S/.test(line.text) ? before.get(source) : undefined
    const level = line.level ?? levelOf(line.text) ?? continued ?? 'info'
    before.set(source, level)
    return level
  }
  for await (const lines of pieces) {
    const known = lines.map((line) => ({...line, level: levelFor(line)}))
    yield least === undefined ? known : known.filter(({level}) => isAtLeast(level, least))
  }
}

/** The lines of one replica. NOT_FOUND when there are none and the service has no such replica now. */
export async function* requireLines(
  pieces: AsyncIterable<readonly LogLine[]>,
  {name, replicas}: Pick<Service, 'name' | 'replicas'>,
  replica: string,
): AsyncGenerator<readonly LogLine[]> {
  let isKnown = replicas.some((one) => one.name === replica || one.name === `${name}-${replica}`)
  for await (const lines of pieces) {
    isKnown = true
    yield lines
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
  /** Nothing has a colour: the level of a line does not show. */
  readonly isPlain?: boolean | undefined
}

/** One line for a person: time, replica, text. */
export function formatLogLine(line: LeveledLine, style: LogLineStyle): string {
  const index = colourIndex(line.replica)
  const time = style.timestamps ? `${style.time(line.time)} ` : ''
  const replica = style.replica(style.text(line.replica), index)
  return `${time}${replica} ${style.level(style.text(line.text), line.level)}\n`
}

/** Replicas are numbered; other names keep a number of their own. */
const colourIndex = (name: string): number =>
  Number(/-(\d{1,6})$/.exec(name)?.[1] ?? [...name].reduce((sum, letter) => sum + letter.charCodeAt(0), 0))

/** Many lines without colour. Nearly all texts are harmless, which one look at all of them tells. */
export function formatPlainLines(lines: readonly LogLine[], {timestamps, text}: LogLineStyle): string {
  const plain = joinLines(lines, timestamps, (part) => part)
  return HARMLESS.test(plain) ? plain : joinLines(lines, timestamps, text)
}

const HARMLESS = /^[\u0020-\u007e\n]*$/

function joinLines(lines: readonly LogLine[], timestamps: boolean, text: (part: string) => string): string {
  let joined = ''
  for (const line of lines) {
    const time = timestamps ? `${line.time} ` : ''
    joined += `${time}${text(line.replica)} ${text(line.text)}\n`
  }
  return joined
}
