/** More output is read but not kept. */
export const OUTPUT_LIMIT = 1024 * 1024

/** Gathers output as text, at most 1 MiB of it. */
export function collector() {
  const chunks: Buffer[] = []
  let size = 0
  return {
    take(chunk: Buffer): void {
      if (size < OUTPUT_LIMIT) chunks.push(chunk.subarray(0, OUTPUT_LIMIT - size))
      size += chunk.length
    },
    text: (): string => Buffer.concat(chunks).toString('utf8'),
  }
}
