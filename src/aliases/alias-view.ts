import {listView, type View} from '@omni-cli/sdk/cli'
import type {Alias} from './store.ts'

export const aliasView = (aliases: readonly Alias[]): View =>
  listView<Alias>({
    columns: [
      {header: 'NAME', value: ({name}) => name},
      {header: 'STANDS FOR', value: ({value}) => `omni ${value}`},
    ],
    rows: aliases,
    ref: ({name}) => `alias/${name}`,
    empty: "no aliases; make one with: omni alias d='deploy --wait'",
  }) as View
