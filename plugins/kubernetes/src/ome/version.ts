/** A version as OME reads it: `4.47.0.dev0`, `v1.2`, `1`. */
export interface Version {
  /** Major, minor, patch; what is not written is 0. */
  readonly numbers: readonly [number, number, number]
  /** How many of them were written. */
  readonly precision: number
  readonly hasPrefix: boolean
  readonly pre: readonly string[]
  readonly build: readonly string[]
  readonly dev: readonly string[]
}

export type VersionOperator = 'Equal' | 'GreaterThan' | 'GreaterThanOrEqual'

/** Undefined for a text that OME refuses: leading zeros, an upper-case `V`, an empty part, letters where a number must be. */
export function parseVersion(text: string): Version | undefined {
  const parts = splitAtMost(text, '.', 3)
  const [major = '', minor = '0', rest = '0'] = parts
  const hasPrefix = major.startsWith('v')
  const [withoutBuild, build] = cut(rest, '+')
  const [withoutPre, pre] = cut(withoutBuild, '-')
  const [patch, dev] = cut(withoutPre, '.')
  const numbers = [hasPrefix ? major.slice(1) : major, minor, patch].map(numberOf)
  const [first, second, third] = numbers
  if (first === undefined || second === undefined || third === undefined) return undefined
  if ([...build, ...pre, ...dev].includes('')) return undefined
  return {numbers: [first, second, third], precision: parts.length, hasPrefix, pre, build, dev}
}

/**
 * Whether a runtime of this version serves a model of that one. Versions that were never released, and the operator Equal, ask
 * for the very same; the others also for the same number of parts and the same prefix.
 */
export function isServed(runtime: Version, model: Version, operator: VersionOperator): boolean {
  const order = compareVersions(runtime, model)
  if (operator === 'Equal' || isUnofficial(runtime) || isUnofficial(model)) return order === 0
  if (runtime.precision !== model.precision || runtime.hasPrefix !== model.hasPrefix) return false
  return operator === 'GreaterThan' ? order > 0 : order >= 0
}

/** Negative, 0, positive. A longer tail is the greater one: `1.0.0.dev0` comes after `1.0.0`. */
export function compareVersions(left: Version, right: Version): number {
  for (const index of [0, 1, 2] as const) {
    const order = left.numbers[index] - right.numbers[index]
    if (order !== 0) return order
  }
  return compareTails(left.pre, right.pre) || compareTails(left.build, right.build) || compareTails(left.dev, right.dev)
}

const isUnofficial = ({pre, build, dev}: Version): boolean => pre.length + build.length + dev.length > 0

function compareTails(left: readonly string[], right: readonly string[]): number {
  for (let index = 0; index < Math.min(left.length, right.length); index++) {
    const [a = '', b = ''] = [left[index], right[index]]
    if (a !== b) return a < b ? -1 : 1
  }
  return left.length - right.length
}

const numberOf = (text: string): number | undefined => (/^(0|[1-9]\d*)$/.test(text) ? Number(text) : undefined)

/** What stands before the mark, and the dotted items behind it. */
function cut(text: string, mark: string): readonly [string, readonly string[]] {
  const at = text.indexOf(mark)
  return at === -1 ? [text, []] : [text.slice(0, at), text.slice(at + 1).split('.')]
}

function splitAtMost(text: string, mark: string, count: number): string[] {
  const parts = text.split(mark)
  return parts.length <= count ? parts : [...parts.slice(0, count - 1), parts.slice(count - 1).join(mark)]
}
