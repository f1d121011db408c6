import type {ModelSearch, ResolvedModel} from '@omni-cli/sdk'
import type {Hub} from '../client/hub.ts'
import {modelOf} from './map.ts'

const SORTS = {
  downloads: 'downloads',
  likes: 'likes',
  updated: 'lastModified',
  trending: 'trendingScore',
} as const satisfies Record<NonNullable<ModelSearch['sort']>, string>

const DEFAULT_LIMIT = 20
const MAX_PAGE = 500
/** Models that are looked at to find enough of them. */
const MAX_LOOKED_AT = 10_000

/** The first models of the hub that fit, sorted by downloads unless told otherwise. One request where that is enough. */
export async function searchModels(hub: Hub, query: string, options: ModelSearch = {}): Promise<ResolvedModel[]> {
  const {limit = DEFAULT_LIMIT, vendor, minDownloads = 0, sort = 'downloads', task, library, signal} = options
  const found: ResolvedModel[] = []
  if (limit <= 0) return found
  let lookedAt = 0
  const pageSize = Math.min(MAX_PAGE, minDownloads > 0 && sort !== 'downloads' ? Math.max(limit, 100) : limit)
  const question = {query, author: vendor, task, library, sort: SORTS[sort], pageSize, signal}
  for await (const model of hub.search(question)) {
    const isEnough = (model.downloads ?? 0) >= minDownloads
    if (isEnough) found.push(modelOf(model, hub.target))
    // Those that follow have fewer still.
    if (found.length >= limit || (!isEnough && sort === 'downloads') || ++lookedAt >= MAX_LOOKED_AT) break
  }
  return found
}
