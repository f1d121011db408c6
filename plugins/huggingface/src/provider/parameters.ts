import {isAbort, isOmniError, mapLimit, messageOf, OmniError} from '@omni-cli/sdk'
import {intOf, isObject, type JsonObject, objectOf} from '../reading/json.ts'
import {countParameters, shardsOf} from '../reading/shards.ts'
import {isPointer, isRefusal, type Repository} from './repository.ts'

const MAX_INDEX_BYTES = 64 * 1024 * 1024
const SHARDS_AT_ONCE = 8
const INDEX = 'model.safetensors.index.json'

/**
 * Parameters by the headers of the safetensors in a folder ('' or `name/`): of the shards that the index names, else of all
 * of them. Undefined when there are none or they cannot be read; the reason is among the warnings then.
 */
export async function countInFolder(repository: Repository, folder: string): Promise<number | undefined> {
  const own = ownSafetensors(repository, folder)
  const index = await repository.json(`${folder}${INDEX}`, MAX_INDEX_BYTES)
  if (repository.isClosed()) return undefined
  const names = index === undefined ? own : checkedShards(repository, index, {folder, own})
  if (names === undefined || names.length === 0) return undefined
  try {
    const counts = await mapLimit(names, SHARDS_AT_ONCE, (name) => countInFile(repository, name))
    return counts.reduce((sum, count) => sum + count, 0)
  } catch (error) {
    if (isAbort(error)) throw error
    if (!isRefusal(error) && !(isOmniError(error) && error.code === 'IO')) throw error
    repository.warnings.push(`parameters are not counted: ${messageOf(error)}`)
    return undefined
  }
}

const ownSafetensors = ({files}: Repository, folder: string): string[] =>
  files
    .map(({path}) => path)
    .filter(
      (path) => path.startsWith(folder) && path.endsWith('.safetensors') && !path.slice(folder.length).includes('/'),
    )

/** The operator gives up on an index that names what is not there. */
function checkedShards(
  {byPath, warnings}: Repository,
  index: JsonObject,
  {folder, own}: {readonly folder: string; readonly own: readonly string[]},
): string[] | undefined {
  const shards = shardsOf(index).map((name) => `${folder}${name}`)
  const missing = shards.filter((path) => !byPath.has(path))
  const extra = own.filter((path) => !shards.includes(path))
  if (extra.length > 0) warnings.push(`the index does not name ${some(extra)}: not counted`)
  if (missing.length === 0) return shards
  warnings.push(`the index names files that are not there: ${some(missing)}; the model cannot be loaded`)
  return undefined
}

async function countInFile({byPath, reader}: Repository, path: string): Promise<number> {
  const size = byPath.get(path)?.size ?? 0
  const read = reader(path)
  if (size > 0 && size < 1024 && isPointer((await read(0, size - 1)).toString('utf8'))) {
    throw new OmniError('IO', `'${path}' is only a pointer of Git LFS: the file itself was never uploaded`)
  }
  try {
    return await countParameters(read, size)
  } catch (error) {
    if (!isOmniError(error) || error.code !== 'IO') throw error
    throw new OmniError('IO', `'${path}' is ${error.message}`, {cause: error})
  }
}

const some = (paths: readonly string[]): string =>
  `${paths
    .slice(0, 3)
    .map((path) => `'${path}'`)
    .join(', ')}${paths.length > 3 ? ` and ${paths.length - 3} more` : ''}`

/** About how many parameters a transformer of these dimensions has; undefined when the config does not tell enough. */
export function likelyParameters(config: JsonObject): number | undefined {
  const text = ['text_config', 'llm_config', 'language_config'].map((key) => config[key]).find(isObject) ?? config
  const hidden = intOf(text, 'hidden_size')
  const layers = intOf(text, 'num_hidden_layers')
  const heads = intOf(text, 'num_attention_heads')
  const vocabulary = intOf(text, 'vocab_size')
  const experts = intOf(text, 'n_routed_experts') || intOf(text, 'num_local_experts') || intOf(text, 'num_experts')
  const inner = (experts > 0 && intOf(text, 'moe_intermediate_size')) || intOf(text, 'intermediate_size')
  if ([hidden, layers, heads, vocabulary, inner].includes(0)) return undefined
  const headSize = intOf(text, 'head_dim') || hidden / heads
  const attention = 2 * hidden * headSize * (heads + (intOf(text, 'num_key_value_heads') || heads))
  const words = vocabulary * hidden * (text.tie_word_embeddings === true ? 1 : 2)
  return words + layers * (attention + 3 * hidden * inner * Math.max(1, experts))
}

/** A remark when what the files hold cannot be what the config describes. */
export function contradiction(config: JsonObject, counted: number): string | undefined {
  // Packed weights are fewer numbers than parameters.
  if (Object.keys(objectOf(config, 'quantization_config')).length > 0) return undefined
  const likely = likelyParameters(config)
  if (likely === undefined || (counted < likely * 2 && counted > likely / 2)) return undefined
  const rounded = (count: number) => Number(count.toPrecision(2)).toLocaleString('en')
  return `config.json describes about ${rounded(likely)} parameters, and the files hold ${rounded(counted)}: one of them is wrong`
}
