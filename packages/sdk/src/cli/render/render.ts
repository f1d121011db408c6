import {escapeTerminal} from '../../io/escape.ts'
import type {Paint} from '../style.ts'
import type {ItemView, ListView, OutputFormat, TextLine, View} from '../view.ts'
import {toJson, toYaml} from './data.ts'
import {writeTable} from './table.ts'

export interface RenderOptions {
  readonly format: OutputFormat
  readonly paint: Paint
  /** Columns of the terminal; undefined when stdout is none. */
  readonly maxWidth: number | undefined
  readonly write: (text: string) => Promise<void>
  /** For remarks that are no data. */
  readonly notice: (text: string) => void
}

/** Writes the view in the format. Texts from elsewhere cannot act on the terminal in any of them. */
export async function render(view: View, options: RenderOptions): Promise<void> {
  if (view.type === 'list') await renderList(view, options)
  else await renderItem(view, options)
}

async function renderList<Row>(view: ListView<Row>, options: RenderOptions): Promise<void> {
  const data = (row: Row): unknown => (view.data === undefined ? row : view.data(row))
  switch (options.format) {
    case 'table':
    case 'wide': {
      const columns = view.columns.filter((column) => options.format === 'wide' || column.wide !== true)
      if (!(await writeTable(columns, view.rows, options))) options.notice(view.empty)
      return
    }
    case 'json':
      return options.write(`${toJson((await allRows(view)).map(data))}\n`)
    case 'yaml':
      return options.write(await toYaml((await allRows(view)).map(data)))
    case 'jsonl':
      return writeLines(view.rows, (row) => toJson(data(row), 0), options.write)
    case 'name':
      return writeLines(view.rows, (row) => escapeTerminal(view.ref(row)), options.write)
    default:
      options.format satisfies never
  }
}

async function renderItem<T>(view: ItemView<T>, options: RenderOptions): Promise<void> {
  switch (options.format) {
    case 'table':
    case 'wide': {
      const lines = view.text(view.data)
      if (lines.length > 0) await options.write(`${lines.map((line) => textLine(line, options.paint)).join('\n')}\n`)
      return
    }
    case 'json':
      return options.write(`${toJson(view.data)}\n`)
    case 'yaml':
      return options.write(await toYaml(view.data))
    case 'jsonl':
      return options.write(`${toJson(view.data, 0)}\n`)
    case 'name':
      return writeLines([view.ref ?? []].flat(), escapeTerminal, options.write)
    default:
      options.format satisfies never
  }
}

const textLine = (line: TextLine, paint: Paint): string =>
  typeof line === 'string'
    ? escapeTerminal(line)
    : line
        .map((piece) => (typeof piece === 'string' ? escapeTerminal(piece) : paint(escapeTerminal(piece[0]), piece[1])))
        .join('')

const allRows = async <Row>({rows}: ListView<Row>): Promise<readonly Row[]> =>
  isArray(rows) ? rows : Array.fromAsync(rows)

const isArray = <Row>(rows: readonly Row[] | AsyncIterable<Row>): rows is readonly Row[] => Array.isArray(rows)

/** An array goes out in a few pieces, a stream line by line as it comes. */
async function writeLines<Row>(
  rows: readonly Row[] | AsyncIterable<Row>,
  lineOf: (row: Row) => string,
  write: (text: string) => Promise<void>,
): Promise<void> {
  if (!isArray(rows)) {
    for await (const row of rows) await write(`${lineOf(row)}\n`)
    return
  }
  for (let start = 0; start < rows.length; start += 1000) {
    const lines = rows.slice(start, start + 1000).map((row) => `${lineOf(row)}\n`)
    await write(lines.join(''))
  }
}
