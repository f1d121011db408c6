import {nameProblem, OmniError} from '@omni-cli/sdk'

/** `20261121t144600z`: UTC to the second, in characters that every backend takes for a name. */
export const timeStamp = (at: Date): string => `${at.toISOString().slice(0, 19).replaceAll(/[-:]/g, '').toLowerCase()}z`

/** Name of a snapshot, or of a group of them, that nobody has named. */
export const stampedName = (at: Date): string => `omni-${timeStamp(at)}`

/** USAGE for a name that not every backend takes. */
export function requireSnapshotName(name: string): string {
  const problem = nameProblem(name)
  if (problem === undefined) return name
  throw new OmniError('USAGE', `'${name}' cannot be the name of a snapshot: ${problem}`)
}

export interface SnapshotWords {
  /** What is chosen: names, or a kind before a selector. */
  readonly targets: readonly string[]
  readonly name: string | undefined
}

/**
 * `NAME [SNAPSHOT]`; with `--name` or a selector all words are targets, and so are three and more. A second word that is
 * the name of an instance, too, is for the caller to refuse.
 */
export function snapshotWords(
  words: readonly string[],
  {
    name,
    isSelector,
    isKind,
  }: {readonly name?: string | undefined; readonly isSelector: boolean; readonly isKind: boolean},
): SnapshotWords {
  const first = isKind ? 2 : 1
  const isNamed = name === undefined && !isSelector && words.length === first + 1 && !words.at(-1)?.includes('/')
  const given = isNamed ? words.at(-1) : name
  return {
    targets: isNamed ? words.slice(0, first) : words,
    name: given === undefined ? undefined : requireSnapshotName(given),
  }
}
