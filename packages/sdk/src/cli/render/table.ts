import {escapeTerminal} from '../../io/escape.ts'
import type {Paint} from '../style.ts'
import type {Column, Tone} from '../view.ts'
import {cutText, textWidth} from './text-width.ts'

export interface TableOptions {
  readonly paint: Paint
  /** Columns of the terminal; undefined: lines are never cut. */
  readonly maxWidth: number | undefined
  readonly write: (text: string) => Promise<void>
}

interface Cell {
  readonly text: string
  readonly width: number
  readonly tone: Tone
}

const GAP = '  '
/** With a stream, the widths are settled by the rows that are there when one of these is reached. */
const SAMPLE_ROWS = 100
const SAMPLE_MS = 100
const CHUNK_CHARACTERS = 64 * 1024

/** Writes a borderless table. Returns false when there was no row, and nothing is written then. */
export async function writeTable<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[] | AsyncIterable<Row>,
  options: TableOptions,
): Promise<boolean> {
  const out = lineWriter(options.write)
  if (Array.isArray(rows)) {
    if (rows.length === 0) return false
    const shown = columns.filter((column) => column.optional !== true || rows.some((row: Row) => hasValue(column, row)))
    const lines = rows.map((row: Row) => cellsOf(shown, row))
    const widths = widthsOf(shown, lines)
    await out.line(headerLine(shown, widths, options))
    for (const cells of lines) await out.line(lineOf(shown, cells, widths, options))
    await out.end()
    return true
  }
  return writeStreamedTable(columns, rows as AsyncIterable<Row>, out, options)
}

async function writeStreamedTable<Row>(
  all: readonly Column<Row>[],
  rows: AsyncIterable<Row>,
  out: LineWriter,
  options: TableOptions,
): Promise<boolean> {
  const sample: Row[] = []
  let columns = all
  let widths: number[] | undefined
  let timer: NodeJS.Timeout | undefined
  let writing: Promise<void> = Promise.resolve()
  const settle = async () => {
    clearTimeout(timer)
    if (widths !== undefined || sample.length === 0) return
    columns = all.filter((column) => column.optional !== true || sample.some((row) => hasValue(column, row)))
    const lines = sample.map((row) => cellsOf(columns, row))
    widths = widthsOf(columns, lines)
    await out.line(headerLine(columns, widths, options))
    for (const cells of lines) await out.line(lineOf(columns, cells, widths, options))
    await out.end()
  }
  try {
    for await (const row of rows) {
      if (widths === undefined) {
        sample.push(row)
        timer ??= setTimeout(() => {
          writing = settle()
          writing.catch(() => undefined)
        }, SAMPLE_MS)
        if (sample.length >= SAMPLE_ROWS) await settle()
        continue
      }
      await writing
      await out.line(lineOf(columns, cellsOf(columns, row), widths, options))
      if (sample.length < SAMPLE_ROWS) await out.end()
    }
    await writing
    await settle()
    await out.end()
  } finally {
    clearTimeout(timer)
  }
  return sample.length > 0
}

function hasValue<Row>(column: Column<Row>, row: Row): boolean {
  const value = column.value(row)
  return value !== undefined && value !== ''
}

function cellsOf<Row>(columns: readonly Column<Row>[], row: Row): Cell[] {
  return columns.map((column) => {
    const value = column.value(row)
    const text = value === undefined || value === '' ? '-' : escapeTerminal(String(value))
    return {text, width: textWidth(text), tone: column.tone?.(row) ?? 'plain'}
  })
}

function widthsOf<Row>(columns: readonly Column<Row>[], lines: readonly Cell[][]): number[] {
  const widths = columns.map((column) => textWidth(column.header))
  for (const cells of lines) {
    for (const [index, cell] of cells.entries()) {
      if (cell.width > (widths[index] ?? 0)) widths[index] = cell.width
    }
  }
  return widths
}

const headerLine = <Row>(columns: readonly Column<Row>[], widths: readonly number[], options: TableOptions): string =>
  lineOf(
    columns,
    columns.map(({header}) => ({text: header, width: textWidth(header), tone: 'dim'})),
    widths,
    options,
  )

function lineOf<Row>(
  columns: readonly Column<Row>[],
  cells: readonly Cell[],
  widths: readonly number[],
  {paint, maxWidth = Number.POSITIVE_INFINITY}: TableOptions,
): string {
  let line = ''
  let used = 0
  for (const [index, cell] of cells.entries()) {
    const isLast = index === cells.length - 1
    const padding = ' '.repeat(Math.max(0, (widths[index] ?? 0) - cell.width))
    const isRight = columns[index]?.align === 'right'
    const before = (index === 0 ? '' : GAP) + (isRight ? padding : '')
    const room = maxWidth - used - before.length
    // What does not fit is cut at its first character that does not, and nothing follows it.
    if (cell.width > room) {
      return room > 0 ? line + before + paint(cutText(cell.text, room), cell.tone) : line.trimEnd()
    }
    const after = isRight || isLast ? '' : padding
    line += before + paint(cell.text, cell.tone) + after
    used += before.length + cell.width + after.length
  }
  return line
}

interface LineWriter {
  line(text: string): Promise<void> | undefined
  end(): Promise<void>
}

/** Gathers lines, so that long lists do not cost a system call each. */
function lineWriter(write: (text: string) => Promise<void>): LineWriter {
  let pending: string[] = []
  let size = 0
  const end = async () => {
    if (pending.length === 0) return
    const text = `${pending.join('\n')}\n`
    pending = []
    size = 0
    await write(text)
  }
  return {
    end,
    line(text) {
      pending.push(text)
      size += text.length
      return size >= CHUNK_CHARACTERS ? end() : undefined
    },
  }
}
