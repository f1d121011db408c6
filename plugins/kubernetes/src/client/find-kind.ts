import type {ObjectKind} from '@omni-cli/sdk'

/**
 * The kind that a word of a person means: `pods`, `pod`, `po`, `deployments.apps`, `deployments.v1.apps`. Where several
 * are called so, the whole name goes before the short one, and then the first counts.
 */
export function findByWord(kinds: readonly ObjectKind[], word: string): ObjectKind | undefined {
  const wanted = word.toLowerCase()
  const dot = wanted.indexOf('.')
  const [name, rest] = dot === -1 ? [wanted, undefined] : [wanted.slice(0, dot), wanted.slice(dot + 1)]
  const inGroup = rest === undefined ? kinds : kinds.filter((kind) => isIn(kind, rest))
  return (
    inGroup.find(({plural}) => plural === name) ??
    inGroup.find(({singular, kind}) => singular === name || kind.toLowerCase() === name) ??
    inGroup.find(({short}) => short.includes(name))
  )
}

/** `apps`, `v1.apps`, `apps/v1` */
const isIn = ({group, version}: ObjectKind, rest: string): boolean =>
  rest === group || rest === (group === '' ? version : `${version}.${group}`) || rest === `${group}/${version}`
