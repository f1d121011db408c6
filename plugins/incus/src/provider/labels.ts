/*
 * Labels as keys of Incus. The label KEY is the config key `user.KEY`, so that `incus list user.role=worker` finds it.
 * `user.omni.labels` lists the labels that are ours: other `user.*` keys on the same thing belong to somebody else and are
 * neither shown nor touched. On a thing that omni never labelled every `user.*` key is a label, but for those of cloud-init.
 */

type Labels = Readonly<Record<string, string>>
type Config = Readonly<Record<string, string>>

const PREFIX = 'user.'
/** Names of our labels, as JSON. */
const NAMES_KEY = 'user.omni.labels'
/** Those of them whose value is empty, as JSON: Incus keeps no empty values. */
const EMPTY_KEY = 'user.omni.labels.empty'
/** Labels under a name that means something else below `user.`. */
const ESCAPED = 'user.omni.label.'

/** Read by cloud-init of older images, and our own. */
const isReserved = (label: string): boolean =>
  ['user-data', 'vendor-data', 'network-config', 'meta-data', 'omni.spec'].includes(label) ||
  /^omni\.labels?($|\.)/.test(label)

/** The config key that holds a label. */
export const labelKey = (label: string): string => `${isReserved(label) ? ESCAPED : PREFIX}${label}`

/** The config keys of the labels. */
export function labelConfig(labels: Labels): Record<string, string> {
  const names = Object.keys(labels).sort()
  const empty = names.filter((name) => labels[name] === '')
  return Object.fromEntries([
    ...Object.entries(labels)
      .filter(([, value]) => value !== '')
      .map(([name, value]) => [labelKey(name), value]),
    [NAMES_KEY, JSON.stringify(names)],
    ...(empty.length === 0 ? [] : [[EMPTY_KEY, JSON.stringify(empty)]]),
  ])
}

/** The labels that a config holds. */
export function labelsOf(config: Config): Record<string, string> {
  const names = namesIn(config[NAMES_KEY])
  if (names === undefined) return foreignLabels(config)
  const empty = new Set(namesIn(config[EMPTY_KEY]))
  const pairs = names.flatMap((name): [string, string][] => {
    const value = config[labelKey(name)] ?? (empty.has(name) ? '' : undefined)
    return value === undefined ? [] : [[name, value]]
  })
  return Object.fromEntries(pairs)
}

/** The config without what `labelConfig` wrote into it. Keys of others stay. */
export function withoutLabels(config: Config): Record<string, string> {
  const ours = new Set([NAMES_KEY, EMPTY_KEY, ...(namesIn(config[NAMES_KEY]) ?? []).map(labelKey)])
  return Object.fromEntries(Object.entries(config).filter(([key]) => !ours.has(key)))
}

/** The config with these labels in place of those it has. */
export const withLabels = (config: Config, labels: Labels): Record<string, string> => ({
  ...withoutLabels(config),
  ...labelConfig(labels),
})

const SIMPLE = /^[A-Za-z0-9._-]+$/

/** A filter for the server, as far as the labels can be written in one; the answer must be compared again. */
export function labelFilter(labels: Labels = {}): string | undefined {
  const clauses = Object.entries(labels)
    .filter(([name, value]) => SIMPLE.test(name) && SIMPLE.test(value) && !isReserved(name))
    .map(([name, value]) => `config.${labelKey(name)} eq ${value}`)
  return clauses.length === 0 ? undefined : clauses.join(' and ')
}

/** Whether every wanted pair is there. */
export const hasLabels = (labels: Labels, wanted: Labels = {}): boolean =>
  Object.entries(wanted).every(([name, value]) => Object.hasOwn(labels, name) && labels[name] === value)

function foreignLabels(config: Config): Record<string, string> {
  const pairs = Object.entries(config).map(([key, value]) => [key.slice(PREFIX.length), value, key] as const)
  return Object.fromEntries(
    pairs.filter(([name, , key]) => key.startsWith(PREFIX) && !isReserved(name)).map(([name, value]) => [name, value]),
  )
}

/** Undefined when it is no list of names: then somebody else wrote it. */
function namesIn(text: string | undefined): string[] | undefined {
  if (text === undefined) return undefined
  try {
    const found: unknown = JSON.parse(text)
    return Array.isArray(found) && found.every((name) => typeof name === 'string') ? found : undefined
  } catch {
    return undefined
  }
}
