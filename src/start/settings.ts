import {statSync} from 'node:fs'
import {join} from 'node:path'
import type {Aliases} from '../aliases/expand.ts'

/** What of the configuration matters before a command runs. */
export interface StartSettings {
  readonly aliases: Aliases
  readonly switches: readonly {readonly name: string; readonly enabled: boolean}[]
  /** Name of the context in force. */
  readonly context: string
  readonly contexts: readonly string[]
}

const DEFAULTS: StartSettings = {aliases: {}, switches: [], context: 'default', contexts: ['default']}

/** Reads the configuration. A broken file counts as empty here: the command that needs it tells what is wrong. */
export async function readStartSettings(home: string): Promise<StartSettings> {
  const file = join(home, 'config.yaml')
  if (statSync(file, {throwIfNoEntry: false}) === undefined) return DEFAULTS
  try {
    const {loadConfig} = await import('./load-config.ts')
    const {config} = await loadConfig(home)
    const contexts = config.contexts.map(({name}) => name)
    const context =
      process.env.OMNI_CONTEXT || config['current-context'] || (contexts.length === 1 ? contexts[0] : undefined)
    return {aliases: config.aliases, switches: config.plugins, context: context ?? 'default', contexts}
  } catch {
    return DEFAULTS
  }
}
