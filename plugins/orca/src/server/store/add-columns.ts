import type {DatabaseSync} from 'node:sqlite'

/** Adds the columns that a table of an earlier version lacks. Names and types are ours, never a caller's. */
export function addColumns(database: DatabaseSync, table: string, columns: Readonly<Record<string, string>>): void {
  const known = new Set(
    database
      .prepare(`PRAGMA table_info(${table})`)
      .all()
      .map((column) => column.name),
  )
  for (const [name, type] of Object.entries(columns)) {
    if (!known.has(name)) database.exec(`ALTER TABLE ${table} ADD COLUMN ${name} ${type}`)
  }
}
