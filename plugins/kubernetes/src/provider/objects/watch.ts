import type {ApiObject, ObjectKind, ObjectListOptions, ObjectRow} from '@omni-cli/sdk'
import type {KubeClient, WatchEvent} from '../../client/kube-client.ts'

export interface RowEvent {
  readonly type: 'added' | 'modified' | 'deleted'
  readonly row: ObjectRow
}

/** Events → rows: a watch tells objects, and the cells of a row are the server's. */
export async function* watchRows(
  client: KubeClient,
  kind: ObjectKind,
  options: ObjectListOptions = {},
): AsyncGenerator<RowEvent> {
  const {signal} = options
  const first = await client.table(kind, options)
  const seen = new Map(first.rows.map(({object}) => [keyOf(object), versionOf(object)]))
  for (const row of first.rows) yield {type: 'added', row}
  for await (const {type, object} of client.watch(kind, options)) {
    if (type === 'synced') continue
    const key = keyOf(object)
    if (type === 'deleted') {
      seen.delete(key)
      yield {type, row: {cells: [], object}}
      continue
    }
    if (seen.get(key) === versionOf(object)) continue
    const row = await rowOf(client, kind, {options: {...options, signal}, object})
    const isNew = !seen.has(key)
    seen.set(key, versionOf(object))
    if (row !== undefined) yield {type: isNew ? 'added' : 'modified', row}
  }
}

const keyOf = ({metadata: {namespace = '', name}}: ApiObject) => `${namespace}/${name}`
const versionOf = ({metadata}: ApiObject) => String(metadata.resourceVersion)

interface RowQuery {
  readonly options: ObjectListOptions
  readonly object: WatchEvent['object']
}

/** The row of one object; undefined when it is gone meanwhile. */
async function rowOf(
  client: KubeClient,
  kind: ObjectKind,
  {options, object}: RowQuery,
): Promise<ObjectRow | undefined> {
  const {metadata} = object
  const namespace = metadata.namespace ?? options.namespace
  const fields = `metadata.name=${metadata.name}`
  const {rows} = await client.table(kind, {...options, namespace, allNamespaces: false, fields})
  return rows[0]
}
