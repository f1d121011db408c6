import {
  type ApiObject,
  type CallOptions,
  mapLimit,
  type ObjectListOptions,
  type ObjectRow,
  type ObjectTable,
  OmniError,
} from '@omni-cli/sdk'
import {type Column, itemView, listView, type OutputFormat, type View} from '@omni-cli/sdk/cli'
import {objectWord} from '../apply/objects/refs.ts'
import {type NamedObjects, refOfName} from './object-words.ts'

export interface ObjectQuery extends CallOptions {
  readonly labels: Readonly<Record<string, string>>
  readonly allNamespaces: boolean
  readonly watch: boolean
  readonly format: OutputFormat
  /** As it would be written into a file. */
  readonly exports?: boolean | undefined
  readonly notice: (text: string) => void
}

/** Objects as the server's own columns tell them; as JSON and YAML the objects themselves, so that they can be applied again. */
export async function listObjects(target: NamedObjects, query: ObjectQuery): Promise<View> {
  const {api, kind} = target
  const {labels, allNamespaces, watch, format, exports: isExport = false, signal} = query
  const isDocument = isExport || format === 'json' || format === 'yaml'
  const isWhole = isDocument || format === 'jsonl'
  const options: ObjectListOptions = {labels, allNamespaces, whole: isWhole, signal}
  const table = await readTable(target, options)
  const objects = () => table.rows.map(({object}) => shownObject(object))
  if (isDocument && !watch) {
    const plain = isExport ? await mapLimit(table.rows, 8, ({object}) => api.exported(object, {signal})) : objects()
    return documentView(target, plain)
  }
  const one = target.names.length === 1 ? refOfName(target, target.names[0] ?? '') : undefined
  const watched = {
    ...options,
    ...(one === undefined ? {} : {namespace: one.namespace, fields: `metadata.name=${one.name}`}),
  }
  const word = objectWord(kind)
  return listView({
    columns: columnsOf(table, allNamespaces && kind.namespaced),
    rows: watch ? watchedRows(target, watched, query) : table.rows,
    ref: ({object}) => `${word}/${placeOf(object, allNamespaces)}`,
    data: ({object}) => shownObject(object),
    empty: `there are no ${kind.plural}${allNamespaces || !kind.namespaced ? '' : ` in namespace '${api.namespace}'`}${Object.keys(labels).length === 0 ? '' : ' with these labels'}`,
  })
}

/** What it is first; who has set which field is told by diff. */
export function shownObject({apiVersion, kind, metadata, ...rest}: ApiObject): ApiObject {
  const {managedFields: _, ...shown} = metadata
  return {apiVersion, kind, metadata: {...shown, name: metadata.name}, ...rest}
}

const placeOf = ({metadata: {namespace, name}}: ApiObject, isFull: boolean) =>
  isFull && namespace !== undefined ? `${namespace}/${name}` : name

/** One that was named as it is; several as a `List`, which is a document, too. */
function documentView({kind, names}: NamedObjects, objects: readonly ApiObject[]): View {
  const [only] = objects
  const isOne = names.length === 1 && only !== undefined
  const data = isOne ? only : {apiVersion: 'v1', kind: 'List', metadata: {}, items: objects}
  const word = objectWord(kind)
  return itemView<unknown>({
    data,
    text: () => JSON.stringify(data, null, 2).split('\n'),
    ref: objects.map(({metadata}) => `${word}/${metadata.name}`),
  })
}

async function readTable(target: NamedObjects, options: ObjectListOptions): Promise<ObjectTable> {
  const {api, kind, names} = target
  if (names.length === 0) return api.list(kind, options)
  const {labels = {}, allNamespaces: _, ...rest} = options
  if (Object.keys(labels).length > 0) {
    throw new OmniError('USAGE', 'name the objects, or select them with --label; not both', {
      hint: `omni get ${kind.plural} --label KEY=VALUE`,
    })
  }
  const tables = await mapLimit(names, 8, async (name) => {
    const ref = refOfName(target, name)
    return api.list(kind, {...rest, namespace: ref.namespace, fields: `metadata.name=${ref.name}`})
  })
  const missing = names.filter((_, index) => tables[index]?.rows.length === 0)
  if (missing.length > 0) {
    const where = kind.namespaced ? ` in namespace '${api.namespace}'` : ''
    throw new OmniError('NOT_FOUND', `there is no ${kind.singular} '${missing.join("', '")}'${where}`, {
      hint: `omni get ${kind.plural}${kind.namespaced ? ' --all-namespaces' : ''}`,
      details: {kind: kind.kind, missing},
    })
  }
  return {columns: tables[0]?.columns ?? [], rows: tables.flatMap(({rows}) => rows)}
}

function columnsOf({columns}: ObjectTable, hasNamespace: boolean): Column<ObjectRow>[] {
  const own = columns.map(
    ({header, priority}, index): Column<ObjectRow> => ({
      header: header.toUpperCase(),
      value: ({cells}) => cellText(cells[index]),
      wide: priority > 0,
    }),
  )
  if (!hasNamespace) return own
  return [{header: 'NAMESPACE', value: ({object}) => object.metadata.namespace}, ...own]
}

const cellText = (cell: unknown): string | number | undefined => {
  if (cell === undefined || cell === null || cell === '<none>') return undefined
  if (typeof cell === 'string' || typeof cell === 'number') return cell
  return typeof cell === 'boolean' ? String(cell) : JSON.stringify(cell)
}

async function* watchedRows(
  {api, kind}: NamedObjects,
  options: ObjectListOptions,
  {notice}: ObjectQuery,
): AsyncGenerator<ObjectRow> {
  for await (const {type, row} of api.watch(kind, options)) {
    if (type === 'deleted') notice(`${objectWord(kind)}/${row.object.metadata.name} is gone`)
    else yield row
  }
}
