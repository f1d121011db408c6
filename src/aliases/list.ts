import type {Aliases} from './expand.ts'
import {joinWords} from './split.ts'
import type {Alias} from './store.ts'

/** Aliases of a configuration, by name. */
export const listAliases = (aliases: Aliases): Alias[] =>
  Object.entries(aliases)
    .map(([name, value]) => ({name, value: typeof value === 'string' ? value : joinWords(value)}))
    .sort((left, right) => (left.name < right.name ? -1 : 1))
