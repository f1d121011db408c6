import type {Mistake, Placed} from './places.ts'

/** Reads the fields of one map and notes what has another type. Fields that nobody asks for are nobody's mistake. */
export interface Fields {
  readonly offset: number
  text(key: string): string | undefined
  flag(key: string): boolean
  texts(key: string): readonly string[]
  map(key: string): Fields | undefined
  /** The maps of a list. */
  maps(key: string): readonly Fields[]
  /** Whole, as it is. */
  raw(key: string): Placed | undefined
  wrong(message: string, key?: string): void
}

export function fieldsOf(placed: Placed, path: string, mistakes: Mistake[]): Fields {
  const note = (at: Placed, message: string) => mistakes.push({offset: at.offset, message})
  const entries = placed.kind === 'map' ? placed.entries : new Map<string, Placed>()
  const isEmpty = placed.kind === 'scalar' && placed.value === null
  if (placed.kind !== 'map' && !isEmpty) note(placed, `${path === '' ? 'a kubeconfig' : path} must be a map`)
  const at = (key: string) => (path === '' ? key : `${path}.${key}`)
  const find = (key: string): Placed | undefined => {
    const value = entries.get(key)
    return value?.kind === 'scalar' && value.value === null ? undefined : value
  }
  const textOf = (value: Placed, name: string): string | undefined => {
    if (value.kind === 'scalar' && typeof value.value === 'string') return value.value
    const isNumber = value.kind === 'scalar' && typeof value.value === 'number'
    note(value, `${name} must be a text${isNumber ? ': put it in quotes' : ''}`)
    return undefined
  }
  const itemsOf = (key: string): readonly Placed[] => {
    const value = find(key)
    if (value === undefined) return []
    if (value.kind === 'list') return value.items
    note(value, `${at(key)} must be a list`)
    return []
  }
  return {
    offset: placed.offset,
    text(key) {
      const value = find(key)
      return value === undefined ? undefined : textOf(value, at(key)) || undefined
    },
    flag(key) {
      const value = find(key)
      if (value === undefined) return false
      if (value.kind === 'scalar' && typeof value.value === 'boolean') return value.value
      note(value, `${at(key)} must be true or false`)
      return false
    },
    texts: (key) => itemsOf(key).flatMap((item, index) => textOf(item, `${at(key)}[${index}]`) ?? []),
    map(key) {
      const value = find(key)
      return value === undefined ? undefined : fieldsOf(value, at(key), mistakes)
    },
    maps: (key) => itemsOf(key).map((item, index) => fieldsOf(item, `${at(key)}[${index}]`, mistakes)),
    raw: find,
    wrong: (message, key) => {
      mistakes.push({offset: (key === undefined ? undefined : entries.get(key))?.offset ?? placed.offset, message})
    },
  }
}
