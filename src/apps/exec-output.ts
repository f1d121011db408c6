/** More output is read but not kept. */
const OUTPUT_LIMIT = 1024 * 1024

/** Gathers output as text, at most 1 MiB of it. */
function collector() {
  const chunks: Buffer[] = []
  let size = 0
  return {
    take(chunk: Buffer): void {
      if (size < OUTPUT_LIMIT) chunks.push(chunk.subarray(0, OUTPUT_LIMIT - size))
      size += chunk.length
    },
    text: (): string => Buffer.concat(chunks).toString('utf8'),
    isCut: (): boolean => size > OUTPUT_LIMIT,
  }
}

/** What a program wrote. */
export interface GatheredOutput {
  readonly stdout: string
  readonly stderr: string
  /** One of them was longer than 1 MiB, and only its beginning is here. */
  readonly truncated?: true | undefined
}

/** Gathers both outputs of a program. */
export function outputCollector() {
  const [out, err] = [collector(), collector()]
  return {
    sinks: {onStdout: out.take, onStderr: err.take},
    result: (): GatheredOutput => ({
      ...{stdout: out.text(), stderr: err.text()},
      ...(out.isCut() || err.isCut() ? {truncated: true} : {}),
    }),
  }
}
