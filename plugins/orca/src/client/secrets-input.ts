import {OmniError, writeFileAtomic} from '@omni-cli/sdk'
import {askSecret, canAsk} from '@omni-cli/sdk/cli'
import {readContent} from '../secrets/read-file.ts'
import {MAX_SECRET_BYTES} from '../secrets/reference.ts'

export interface ValueSource {
  readonly key: string
  /** From the command line. */
  readonly value: string | undefined
  readonly file: string | undefined
  readonly signal: AbortSignal
  /** Default: standard input of the process. */
  readonly stdin?: (AsyncIterable<Buffer | string> & {readonly isTTY?: boolean | undefined}) | undefined
}

/** From the words, a file (as it is), a hidden prompt, or standard input without its last line break. USAGE without any. */
export async function readSecretValue({key, value, file, signal, stdin = process.stdin}: ValueSource): Promise<string> {
  if (value !== undefined && file !== undefined) throw new OmniError('USAGE', 'give either a value or --from-file')
  if (value !== undefined) return value
  if (file !== undefined) return text(await readContent(file))
  if (stdin.isTTY === true) {
    if (canAsk()) return askSecret(`value of ${key}`, {signal})
    throw noValue()
  }
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of stdin) {
    chunks.push(Buffer.from(chunk))
    length += chunk.length
    if (length > MAX_SECRET_BYTES + 2) throw new OmniError('USAGE', 'a value has at most 64 KiB')
  }
  const input = text(Buffer.concat(chunks)).replace(/\r?\n$/, '')
  if (input === '') throw noValue()
  return input
}

/** Recipients of a file: one a line, comments with `#`. */
export const readRecipients = async (file: string): Promise<string[]> =>
  text(await readContent(file))
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))

/** Readable for its owner alone. */
export const writeExport = (file: string, age: string): Promise<void> => writeFileAtomic(file, age)

function text(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', {fatal: true, ignoreBOM: true}).decode(bytes)
  } catch {
    throw new OmniError('USAGE', 'the value is no UTF-8 text', {hint: 'encode it, with base64 for example'})
  }
}

const noValue = (): OmniError =>
  new OmniError('USAGE', 'there is no value', {hint: 'omni secrets set KEY < FILE, or type it on a terminal'})
