import {readContributions} from '@omni-cli/sdk/cli'
import {commandWords} from '../completion/command-words.ts'
import type {LoadedPlugins} from './load-plugins.ts'
import type {PluginCommand, PluginIndex} from './plugin-index.ts'

/** Hooks of oclif that run around every command. */
const AROUND_COMMANDS = ['init', 'prerun', 'postrun', 'finally', 'preparse', 'command_not_found', 'command_incomplete']

/** The index of loaded plugins. What an earlier one or the CLI itself supplies is left out. */
export function indexOf({plugins, problems}: LoadedPlugins, isTaken: (id: string) => boolean): PluginIndex {
  const own = [...plugins.values()].filter((plugin) => !plugin.isRoot)
  const commands: Record<string, PluginCommand> = {}
  const aliases: Record<string, string> = {}
  const topics: Record<string, string> = {}
  for (const plugin of own) {
    for (const command of plugin.commands) {
      if (isTaken(command.id) || Object.hasOwn(commands, command.id)) continue
      commands[command.id] = {
        plugin: plugin.name,
        summary: command.summary ?? command.description?.split('\n', 1)[0] ?? '',
        hidden: command.hidden === true,
        words: commandWords(command),
      }
      for (const alias of [...command.aliases, ...command.hiddenAliases])
        aliases[alias.replaceAll(' ', ':')] = command.id
      for (const topic of topicsOf(command.id)) topics[topic] ??= ''
    }
    for (const {name, description} of plugin.topics) topics[name] ||= description ?? ''
  }
  return {
    commands,
    aliases,
    topics,
    contributions: readContributions(own).contributions,
    hasHooks: own.some((plugin) => AROUND_COMMANDS.some((hook) => Object.hasOwn(plugin.hooks, hook))),
    problems,
  }
}

/** `a`, `a:b` for `a:b:c`. */
export const topicsOf = (id: string): string[] => {
  const parts = id.split(':')
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join(':'))
}
