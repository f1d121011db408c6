import {escapeTerminal} from '@omni-cli/sdk'
import type {TextLine, Tone} from '@omni-cli/sdk/cli'

export interface Cell {
  readonly text: string
  readonly tone?: Tone | undefined
  readonly align?: 'right' | undefined
}

/** Cells padded to columns, two spaces between them; the last one is not padded. */
export function alignRows(rows: readonly (readonly Cell[])[]): TextLine[] {
  const safe = rows.map((row) =>
    row.map((cell) => ({...cell, text: escapeTerminal(cell.text === '' ? '-' : cell.text)})),
  )
  const widths: number[] = []
  for (const row of safe) {
    for (const [index, {text}] of row.entries()) widths[index] = Math.max(widths[index] ?? 0, text.length)
  }
  return safe.map((row) =>
    row.flatMap((cell, index): (string | readonly [string, Tone])[] => {
      const isLast = index === row.length - 1
      const gap = isLast ? '' : '  '
      const width = widths[index] ?? 0
      const padding = ' '.repeat(width - cell.text.length)
      const text: readonly [string, Tone] = [cell.text, cell.tone ?? 'plain']
      if (cell.align === 'right') return [padding, text, gap]
      return [text, isLast ? '' : `${padding}${gap}`]
    }),
  )
}
