import {type ApiObject, isOmniError, type ObjectKind, type ObjectListOptions, type ObjectTable} from '@omni-cli/sdk'
import {type ApiTable, TABLE, tableOf} from '../../client/api-list.ts'
import type {KubeClient} from '../../client/kube-client.ts'

/** A table; of one object that is named also for those who may read it and may not list. */
export async function listTable(
  client: KubeClient,
  kind: ObjectKind,
  options: ObjectListOptions = {},
): Promise<ObjectTable> {
  try {
    return await client.table(kind, options)
  } catch (error) {
    const name = /^metadata\.name=([^,=]+)$/.exec(options.fields ?? '')?.[1]
    const isRefused = isOmniError(error) && error.code === 'FORBIDDEN'
    if (name === undefined || options.allNamespaces === true || !isRefused) throw error
    return oneRow(client, kind, {...options, name})
  }
}

async function oneRow(
  client: KubeClient,
  kind: ObjectKind,
  {name, namespace, whole, signal}: ObjectListOptions & {readonly name: string},
): Promise<ObjectTable> {
  const path = client.pathOf(kind, {name, namespace})
  const query = {includeObject: whole === true ? 'Object' : 'Metadata'}
  try {
    const answer = await client.request<ApiTable | ApiObject>({method: 'GET', path, query, accept: TABLE}, {signal})
    // A server that makes no tables answers with the object.
    const isTable = (one: typeof answer): one is ApiTable => one.kind === 'Table'
    return tableOf([isTable(answer) ? answer : {items: [answer]}], kind)
  } catch (error) {
    if (isOmniError(error) && error.code === 'NOT_FOUND') return {columns: [], rows: []}
    throw error
  }
}
