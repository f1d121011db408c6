import {resolve} from 'node:path'
import {isOmniError, OmniError} from '@omni-cli/sdk'
import type {ClusterConfig} from './read.ts'
import {forgetConfig, rememberConfig, rememberedConfig} from './remembered.ts'

/** What the server was started with. */
export interface ConfigChoice {
  readonly config?: string | undefined
  readonly 'no-config'?: boolean | undefined
}

/**
 * The file that is given, else the one that the last server of this home was started with. CONFIG_INVALID when it is gone
 * or wrong: a server without its tokens is worse than none.
 */
export async function chooseConfig(home: string, choice: ConfigChoice): Promise<ClusterConfig | undefined> {
  if (choice['no-config'] === true) return undefined
  const given = choice.config ?? (await rememberedConfig(home))?.path
  if (given === undefined) return undefined
  const {readClusterConfig} = await import('./read.ts')
  try {
    return await readClusterConfig(resolve(given))
  } catch (error) {
    if (choice.config !== undefined || !isOmniError(error)) throw error
    throw new OmniError(error.code, error.message, {
      hint: 'the last start was with this file; to start without: omni server start --no-config',
      details: error.details,
      cause: error,
    })
  }
}

/** To be called when the server runs: the next start is like this one. */
export const keepChoice = (home: string, config: ClusterConfig | undefined): Promise<void> =>
  config === undefined ? forgetConfig(home) : rememberConfig(home, config)
