import {OUTPUT_FORMATS, type OutputFormat} from './view.ts'

export const isOutputFormat = (value: unknown): value is OutputFormat =>
  typeof value === 'string' && (OUTPUT_FORMATS as readonly string[]).includes(value)

/** The format that the words of a command line and the environment ask for, also when they do not parse. */
export function requestedFormat(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): OutputFormat | undefined {
  const end = argv.indexOf('--')
  const words = end === -1 ? argv : argv.slice(0, end)
  if (words.includes('--json')) return 'json'
  for (const [index, word] of words.entries()) {
    const value =
      word === '-o' || word === '--output' ? words[index + 1] : /^(?:--output=|-o=?)([a-z]+)$/.exec(word)?.[1]
    if (isOutputFormat(value)) return value
  }
  return isOutputFormat(env.OMNI_OUTPUT) ? env.OMNI_OUTPUT : undefined
}
