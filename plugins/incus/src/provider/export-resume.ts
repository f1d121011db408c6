import {isAbort, isOmniError, OmniError, sleep} from '@omni-cli/sdk'

/** The rest of a download from an offset on. */
export interface Part {
  readonly body: AsyncIterable<Buffer>
  /** Of all of it, when the server tells. */
  readonly totalBytes: number | undefined
}

export interface ResumeOptions {
  readonly signal?: AbortSignal | undefined
  /** Cuts in a row without a byte between them that are borne. Default 4. */
  readonly attempts?: number | undefined
  /** Wait before the first attempt to go on; it doubles. Default 500. */
  readonly waitMs?: number | undefined
}

/** All bytes, in order and each once: a download that is cut is taken up again where it ended. */
export async function* resumed(
  first: Part,
  open: (offset: number) => Promise<Part>,
  {signal, attempts = 4, waitMs = 500}: ResumeOptions = {},
): AsyncGenerator<Buffer> {
  const total = first.totalBytes
  let offset = 0
  let part: Part | undefined = first
  for (let cuts = 0; ; ) {
    try {
      part ??= await open(offset)
      for await (const chunk of part.body) {
        offset += chunk.length
        cuts = 0
        yield chunk
      }
      if (total === undefined || offset === total) return
      if (offset > total) throw tooMuch()
    } catch (error) {
      if (isAbort(error) || signal?.aborted || (isOmniError(error) && !error.retryable) || cuts >= attempts) throw error
    }
    if (cuts >= attempts) throw cut(offset, total)
    part = undefined
    await sleep(waitMs * 2 ** cuts, signal)
    cuts++
  }
}

const tooMuch = () => new OmniError('IO', 'the server sent more than it announced')

const cut = (offset: number, total: number | undefined) =>
  new OmniError('UNAVAILABLE', `the download ended after ${offset} of ${total} bytes`, {retryable: true})
