import type {ResolvedModel} from '@omni-cli/sdk'
import {type ListView, listView, type Tone} from '@omni-cli/sdk/cli'
import {age} from '../resources/cells.ts'

const ACCESS_TONE = {open: 'plain', gated: 'warn', private: 'dim'} as const satisfies Record<
  NonNullable<ResolvedModel['access']>,
  Tone
>

/** Rows of `omni search`. */
export const foundView = (models: readonly ResolvedModel[]): ListView<ResolvedModel> =>
  listView<ResolvedModel>({
    rows: models,
    ref: ({ref}) => ref,
    empty: 'no model fits these words',
    columns: [
      {header: 'NAME', value: (model) => nameOf(model)},
      {header: 'PARAMETERS', value: ({size}) => size, align: 'right'},
      {header: 'DOWNLOADS', value: ({downloads}) => downloads, align: 'right'},
      {header: 'LIKES', value: ({likes}) => likes, align: 'right'},
      {header: 'LICENSE', value: ({license}) => license},
      {header: 'ACCESS', value: ({access}) => access, tone: ({access}) => ACCESS_TONE[access ?? 'open']},
      {header: 'UPDATED', value: ({updatedAt}) => updated(updatedAt), align: 'right'},
      {header: 'REVISION', value: ({revision}) => revision.slice(0, 12), wide: true},
    ],
  })

/** Without the scheme. */
export const nameOf = ({ref}: Pick<ResolvedModel, 'ref'>): string => ref.replace(/^[a-z]+:\/\//, '')

const updated = (at: string | undefined): string | undefined => {
  const text = age(at)
  return text === undefined ? undefined : `${text} ago`
}
