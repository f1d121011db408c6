import {isOutputFormat} from '../requested-format.ts'
import type {OutputFormat} from '../view.ts'
import {omniHome} from './home.ts'
import {loadConfig} from './load.ts'

/** `preferences.output-format`. A broken file is told by whoever needs it; a format is not worth an error. */
export async function preferredFormat(
  env: Readonly<Record<string, string | undefined>>,
): Promise<OutputFormat | undefined> {
  try {
    const {config} = await loadConfig(omniHome(env))
    const format = config.preferences['output-format']
    return isOutputFormat(format) ? format : undefined
  } catch {
    return undefined
  }
}
