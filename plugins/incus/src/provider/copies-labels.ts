import {labelsOf, withLabels} from './labels.ts'

type Config = Readonly<Record<string, string>>

/** Labels that say which plan a machine belongs to. */
export const isOwnerLabel = (label: string): boolean => label.startsWith('omni.')

const keepLabels = (config: Config, isKept: (label: string) => boolean): Config => {
  const labels = Object.entries(labelsOf(config)).filter(([label]) => isKept(label))
  return withLabels(config, Object.fromEntries(labels))
}

/** What makes one config of the other when Incus merges it: an empty text takes a key away. */
function difference(before: Config, after: Config): Record<string, string> {
  const gone = Object.keys(before).filter((key) => after[key] === undefined)
  const changed = Object.entries(after).filter(([key, value]) => before[key] !== value)
  return Object.fromEntries([...gone.map((key) => [key, '']), ...changed])
}

/** Settings that take the owner labels away. */
export const withoutOwner = (config: Config): Record<string, string> =>
  difference(
    config,
    keepLabels(config, (label) => !isOwnerLabel(label)),
  )

/** Settings that give a machine the owner labels of another state of it. */
export function ownerOf(config: Config, from: Config): Record<string, string> {
  const pairs = Object.entries(labelsOf(from)).filter(([label]) => isOwnerLabel(label))
  const kept = Object.entries(labelsOf(config)).filter(([label]) => !isOwnerLabel(label))
  return difference(config, withLabels(config, Object.fromEntries([...kept, ...pairs])))
}
