import {escapeTerminal} from '@omni-cli/sdk'
import type {TextLine, Tone} from '@omni-cli/sdk/cli'

export type Cell = string | readonly [text: string, tone: Tone]

const textOf = (cell: Cell): string => escapeTerminal(typeof cell === 'string' ? cell : cell[0])

/** Rows below a dim header, aligned; the last column is as long as it likes. */
export function alignedLines(header: readonly string[], rows: readonly (readonly Cell[])[]): TextLine[] {
  const widths = header.map((title, index) =>
    Math.max(title.length, ...rows.map((row) => textOf(row[index] ?? '').length)),
  )
  const padded = (text: string, index: number) =>
    index === header.length - 1 ? text : `${text.padEnd(widths[index] ?? 0)}  `
  return [
    header.map((title, index): [string, Tone] => [padded(title, index), 'dim']),
    ...rows.map((row) =>
      row.map((cell, index): [string, Tone] => [
        padded(textOf(cell), index),
        typeof cell === 'string' ? 'plain' : cell[1],
      ]),
    ),
  ]
}
