import {itemView, listView, type TextLine, type View} from '@omni-cli/sdk/cli'
import type {PluginChange} from './change-plugins.ts'
import type {PluginDescription} from './describe-plugins.ts'

const TONES = {ok: 'good', off: 'dim', warning: 'warn', broken: 'bad'} as const

export const pluginListView = (plugins: readonly PluginDescription[]): View =>
  listView<PluginDescription>({
    columns: [
      {header: 'NAME', value: ({name}) => name},
      {header: 'VERSION', value: ({version}) => version},
      {header: 'TYPE', value: ({type}) => type},
      {header: 'STATUS', value: ({status}) => status, tone: ({status}) => TONES[status]},
      {header: 'PROVIDERS', value: ({providers}) => providers.join(' ')},
      {header: 'COMMANDS', value: ({commands}) => commands.join(', '), wide: true},
      {header: 'FOLDER', value: ({root}) => root, wide: true},
    ],
    rows: plugins,
    ref: ({name}) => `plugin/${name}`,
    empty: 'no plugins',
  }) as View

export const pluginView = (plugin: PluginDescription): View =>
  itemView({data: plugin, text: descriptionLines, ref: `plugin/${plugin.name}`}) as View

/** Outcome of an install, link, update, uninstall or reset. */
export const pluginChangeView = (change: PluginChange, nothing: string): View =>
  itemView({
    data: change,
    text: ({changed, removed}) => {
      const lines = [...changed.flatMap(descriptionLines), ...removed.map((name) => `removed ${name}`)]
      return lines.length === 0 ? [nothing] : lines
    },
  }) as View

function descriptionLines({name, version, type, root, commands, providers, problems}: PluginDescription): TextLine[] {
  return [
    `${name} ${version} (${type})`,
    `  folder     ${root}`,
    ...(providers.length === 0 ? [] : [`  providers  ${providers.join(', ')}`]),
    ...(commands.length === 0 ? [] : [`  commands   ${commands.map((command) => `omni ${command}`).join(', ')}`]),
    ...problems.map((problem): TextLine => [['  problem    ', 'warn'], problem]),
  ]
}
