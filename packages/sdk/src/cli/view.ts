/** What a command returns; the renderer turns it into the format that was asked for. Plain data, no terminal codes. */

export type Tone = 'good' | 'warn' | 'bad' | 'dim' | 'plain'

export interface Column<Row> {
  /** Upper case. */
  readonly header: string
  /** Undefined and '' are shown as `-`. Untrusted text is escaped by the renderer. */
  value(row: Row): string | number | undefined
  tone?(row: Row): Tone
  /** Only with `-o wide`. */
  readonly wide?: boolean | undefined
  /** Not shown when no row has a value for it. Rows that come one by one count as far as they are there when the table begins. */
  readonly optional?: boolean | undefined
  readonly align?: 'left' | 'right' | undefined
}

/** Many things of one kind. `-o json` prints an array, `jsonl` a row a line, `name` one `kind/name` a line. */
export interface ListView<Row> {
  readonly type: 'list'
  readonly columns: readonly Column<Row>[]
  readonly rows: readonly Row[] | AsyncIterable<Row>
  /** `service/web`. */
  ref(row: Row): string
  /** What JSON and YAML show; default: the row itself. */
  data?(row: Row): unknown
  /** Shown on stderr when there is no row. */
  readonly empty: string
}

/** One thing, or the outcome of an act. */
export interface ItemView<T> {
  readonly type: 'item'
  readonly data: T
  /** Lines for a person. */
  text(data: T): readonly TextLine[]
  /** What `-o name` prints: `service/web`, one a line when there are several. */
  readonly ref?: string | readonly string[] | undefined
  /** Exit status when the command did its work but has something to tell: 9 degraded, 10 changes. Default 0. */
  readonly exitCode?: number | undefined
}

/** A line of plain text, or pieces with a tone. */
export type TextLine = string | readonly (string | readonly [text: string, tone: Tone])[]

export type View<T = unknown> = ListView<T> | ItemView<T>

export const OUTPUT_FORMATS = ['table', 'wide', 'json', 'yaml', 'jsonl', 'name'] as const
export type OutputFormat = (typeof OUTPUT_FORMATS)[number]

export const listView = <Row>(view: Omit<ListView<Row>, 'type'>): ListView<Row> => ({type: 'list', ...view})
export const itemView = <T>(view: Omit<ItemView<T>, 'type'>): ItemView<T> => ({type: 'item', ...view})
