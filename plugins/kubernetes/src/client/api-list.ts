import {type ApiObject, isOmniError, type ObjectKind, type ObjectTable} from '@omni-cli/sdk'
import type {KubeRequest} from './kube-client.ts'
import {apiVersionOf} from './paths.ts'
import {statusOf} from './status-failure.ts'

/** Enough for most in one answer, and no burden for the server. */
const PAGE = 500
/** What changes so fast that its pages expire is asked for in one piece in the end. */
const RESTARTS = 2

export interface ApiList {
  readonly apiVersion?: string | undefined
  readonly kind?: string | undefined
  readonly metadata?:
    | {readonly resourceVersion?: string | undefined; readonly continue?: string | undefined}
    | undefined
  readonly items?: readonly Partial<ApiObject>[] | null | undefined
}

export interface ApiTable {
  readonly kind?: string | undefined
  readonly metadata?: ApiList['metadata']
  readonly columnDefinitions?: readonly {readonly name: string; readonly priority?: number}[] | undefined
  readonly rows?: readonly {readonly cells: readonly unknown[]; readonly object?: ApiObject}[] | null | undefined
  readonly items?: ApiList['items']
}

export const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json'

interface Page {
  readonly metadata?: ApiList['metadata']
}

/** All pages. A continuation that has expired (410) starts over, so that nothing is told twice or left out. */
export async function allPages<T extends Page>(
  ask: (request: KubeRequest) => Promise<T>,
  request: KubeRequest,
): Promise<readonly T[]> {
  for (let start = 0; ; start++) {
    try {
      return await pagesFrom(ask, request, start < RESTARTS ? PAGE : undefined)
    } catch (error) {
      const isExpired = isOmniError(error) && statusOf(error) === 410
      if (!isExpired || start >= RESTARTS) throw error
    }
  }
}

async function pagesFrom<T extends Page>(
  ask: (request: KubeRequest) => Promise<T>,
  request: KubeRequest,
  limit: number | undefined,
): Promise<readonly T[]> {
  const pages: T[] = []
  let next: string | undefined
  do {
    const page = await ask({...request, query: {...request.query, limit, continue: next}})
    pages.push(page)
    next = page.metadata?.continue || undefined
  } while (next !== undefined)
  return pages
}

/** Objects of a list name neither kind nor version; the list does. */
export function itemsOf({apiVersion = '', kind = '', items}: ApiList): ApiObject[] {
  const own = {apiVersion, kind: kind.replace(/List$/, '')}
  return (items ?? []).map((item) => ({...own, ...item, metadata: item.metadata ?? {name: ''}}))
}

/** Pages of a table as one. A server that makes none gives a list: then names and ages are all there is. */
export function tableOf(pages: readonly ApiTable[], kind: ObjectKind): ObjectTable {
  const own = {apiVersion: apiVersionOf(kind), kind: kind.kind}
  const [first] = pages
  if (first?.kind !== 'Table') {
    const objects = pages.flatMap((page) => itemsOf({...page, ...own}))
    return {
      columns: [
        {header: 'Name', priority: 0},
        {header: 'Created', priority: 0},
      ],
      rows: objects.map((object) => ({cells: [object.metadata.name, object.metadata.creationTimestamp], object})),
    }
  }
  return {
    columns: (first.columnDefinitions ?? []).map(({name, priority = 0}) => ({header: name, priority})),
    rows: pages.flatMap(({rows}) =>
      (rows ?? []).map(({cells, object}) => ({
        cells,
        // Without its content an object comes as one of another kind.
        object: {metadata: {name: String(cells[0])}, ...object, ...own},
      })),
    ),
  }
}
