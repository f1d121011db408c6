import {OmniError} from '../errors.ts'
import {omniHome} from './config/home.ts'
import {loadConfig} from './config/load.ts'
import {OUTPUT_FORMATS, type OutputFormat} from './view.ts'

export const isOutputFormat = (value: unknown): value is OutputFormat =>
  typeof value === 'string' && (OUTPUT_FORMATS as readonly string[]).includes(value)

/** The format that the words of a command line and the environment ask for, also when they do not parse. */
export function requestedFormat(argv: readonly string[], env: Env): OutputFormat | undefined {
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

type Env = Readonly<Record<string, string | undefined>>

/** The format in force: flag, then OMNI_OUTPUT, then preference, then table. USAGE when they contradict or are none. */
export async function chooseFormat(flags: Readonly<Record<string, unknown>>, env: Env): Promise<OutputFormat> {
  const {json, output} = flags
  if (json === true && output !== undefined && output !== 'json') {
    throw new OmniError('USAGE', `--json and --output ${String(output)} contradict each other`)
  }
  if (json === true) return 'json'
  if (isOutputFormat(output)) return output
  if (isOutputFormat(env.OMNI_OUTPUT)) return env.OMNI_OUTPUT
  if (env.OMNI_OUTPUT) {
    throw new OmniError('USAGE', `OMNI_OUTPUT '${env.OMNI_OUTPUT}' is none of ${OUTPUT_FORMATS.join(', ')}`)
  }
  return (await preferredFormat(env)) ?? 'table'
}

/** `preferences.output-format`. A broken file is told by whoever needs it; a format is not worth an error. */
async function preferredFormat(env: Env): Promise<OutputFormat | undefined> {
  try {
    const {config} = await loadConfig(omniHome(env))
    const format = config.preferences['output-format']
    return isOutputFormat(format) ? format : undefined
  } catch {
    return undefined
  }
}
