import type {Interfaces} from '@oclif/core'
import {messageOf, OmniError, reasonOf} from '@omni-cli/sdk'
import {firstLine, guarded} from './guard.ts'

export type PluginsCommand = 'install' | 'link' | 'reset' | 'uninstall' | 'update'

/**
 * Runs a command of @oclif/plugin-plugins, which does the work with npm. What it prints is dropped: the
 * answer is ours. PLUGIN_INVALID with the reason when it refuses, NOT_FOUND when nothing has that name,
 * IO when the folder of the plugins cannot be used.
 */
export async function runPluginsCommand(
  name: PluginsCommand,
  argv: readonly string[],
  config: Interfaces.Config,
): Promise<void> {
  const {commands} = await import('@oclif/plugin-plugins')
  // It would say that a linked plugin cannot be transpiled, which nobody asked for.
  process.env.OCLIF_DISABLE_LINKED_ESM_WARNING = '1'
  await guarded(async (report) => {
    try {
      await commands[`plugins:${name}`].run([...argv], config)
    } catch (error) {
      throw refusal(error, report.printed, config.dataDir)
    }
  })
}

function refusal(error: unknown, printed: string, dataDir: string): OmniError {
  if (error instanceof Error && 'syscall' in error) {
    return new OmniError('IO', `cannot keep plugins in '${dataDir}': ${reasonOf(error)}`, {cause: error})
  }
  const message = messageOf(error)
  const reason = /npm error (?!code|A complete log)(.+)/.exec(printed)?.[1]
  if (/does not exist in the registry|is not installed|E404|404 Not Found/.test(message + printed)) {
    return new OmniError('NOT_FOUND', message, {cause: error, hint: 'omni plugin list'})
  }
  return new OmniError('PLUGIN_INVALID', reason === undefined ? message : `${firstLine(message)}: ${reason}`, {
    cause: error,
  })
}
