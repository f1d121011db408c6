import {OmniError} from '@omni-cli/sdk'
import {z} from 'zod'
import type {Engine} from '../engine/engine.ts'
import {isRefusal} from '../engine/failure.ts'

const imageAnswer = z.object({
  Id: z.string().regex(/^sha256:[0-9a-f]{64}$/),
  RepoTags: z.array(z.string()).nullish(),
  RepoDigests: z.array(z.string()).nullish(),
  Architecture: z.string().optional(),
  Size: z.number().optional(),
  Config: z.object({Labels: z.record(z.string(), z.string()).nullish()}).nullish(),
})

/** An image that the Engine has. */
export interface LocalImage {
  /** `sha256:<64 hex>`, of its configuration and thereby of all its bits. */
  readonly id: string
  readonly tags: readonly string[]
  /** `name@sha256:…`, as registries know it. */
  readonly digests: readonly string[]
  readonly architecture: string
  readonly sizeBytes: number
  readonly labels: Readonly<Record<string, string>>
}

/** The image of a name, a name with a digest, or an id; undefined when the Engine has none. */
export async function findImage(engine: Engine, name: string, signal?: AbortSignal): Promise<LocalImage | undefined> {
  let answer: unknown
  try {
    answer = await engine.call('GET', `/images/${name}/json`, {signal})
  } catch (error) {
    if (isRefusal(error, 404)) return undefined
    throw error
  }
  const parsed = imageAnswer.safeParse(answer)
  if (!parsed.success)
    throw new OmniError('UNAVAILABLE', `the Docker Engine's answer about '${name}' is not understood`)
  const {Id, RepoTags, RepoDigests, Architecture, Size, Config} = parsed.data
  return {
    id: Id,
    tags: RepoTags ?? [],
    digests: RepoDigests ?? [],
    architecture: Architecture ?? '',
    sizeBytes: Size ?? 0,
    labels: Config?.Labels ?? {},
  }
}
