import {escapeTerminal} from '../../io/escape.ts'

export interface Matrix {
  /** First cell of the header: what the rows are. */
  readonly corner: string
  readonly columns: readonly string[]
  readonly rows: readonly {readonly name: string; readonly cells: readonly string[]}[]
}

/** Lines of a small table with borders: a few rows and columns that are read in both directions. Texts are escaped. */
export async function renderMatrix({corner, columns, rows}: Matrix): Promise<string[]> {
  const {default: Table} = await import('cli-table3')
  const table = new Table({
    head: [corner, ...columns].map(escapeTerminal),
    colAligns: ['left', ...columns.map(() => 'center' as const)],
    style: {head: [], border: []},
  })
  for (const {name, cells} of rows) table.push([name, ...cells].map(escapeTerminal))
  return table.toString().split('\n')
}
