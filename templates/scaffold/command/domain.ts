import type {CallOptions} from '@omni-cli/sdk'

/** What `omni __words__` does. */
export async function __camel__(name: string, options: CallOptions): Promise<{readonly name: string}> {
  options.signal?.throwIfAborted()
  return {name}
}
