import {type CallOptions, type ModelSearch, OmniError, type ResolvedModel} from '@omni-cli/sdk'
import type {Session} from '@omni-cli/sdk/cli'
import {openSource} from './source.ts'

export interface SearchQuestion extends ModelSearch {
  readonly query: string
  /** Only those whose weights fit into the devices that are free on one node of the cluster. */
  readonly fits?: boolean | undefined
}

/** Models of a hub that fit the words; the most downloaded first unless told otherwise. */
export async function searchModels(
  session: Session,
  scheme: string,
  question: SearchQuestion,
): Promise<ResolvedModel[]> {
  const {query, fits = false, ...options} = question
  const source = await openSource(session, scheme)
  if (source.search === undefined) throw new OmniError('UNSUPPORTED', `${source.name} cannot be searched`)
  if (!fits) return source.search(query, options)
  const room = await freeGpuBytes(session, options)
  const {limit = 20} = options
  const found = await source.search(query, {...options, limit: Math.min(500, limit * 10)})
  return found.filter(({parameters}) => parameters !== undefined && neededBytes(parameters) <= room).slice(0, limit)
}

/** Two bytes for a parameter, and a fifth more for what is worked out on the way. */
const neededBytes = (parameters: number): number => parameters * 2 * 1.2

/** Memory of the free devices of the node that has most of it. UNSUPPORTED when the nodes do not tell. */
async function freeGpuBytes(session: Session, options: CallOptions): Promise<number> {
  const {nodes} = await (await session.open('cluster')).capacity(options)
  const free = nodes.flatMap(({usable, free: {gpus}, gpuMemoryBytes}) =>
    usable && gpuMemoryBytes !== undefined ? [gpus * gpuMemoryBytes] : [],
  )
  if (free.length > 0) return Math.max(...free)
  throw new OmniError('UNSUPPORTED', 'no node of the cluster tells how much memory its devices have', {
    hint: 'omni accelerators list',
  })
}
