import {OmniError} from '@omni-cli/sdk'

/**
 * `.dockerignore`, by Docker's own rules, which are not those of Git: patterns start at the root of the context, `*`
 * and `?` stop at a slash, `**` does not, `!` takes back, the last pattern that fits wins, and what is in an ignored
 * folder is ignored with it.
 */
export interface DockerIgnore {
  ignores(path: string): boolean
  /** Something inside of an ignored folder may be taken back. */
  readonly hasExceptions: boolean
}

interface Rule {
  readonly steps: readonly Step[]
  readonly isException: boolean
}

/** A part of a pattern: one character, `*`, `**` or `**` with its slash. */
type Step =
  | {readonly kind: 'one'; readonly fits: (character: string) => boolean}
  | {readonly kind: 'name' | 'rest' | 'folders'}

const MAX_PATTERN = 1024

/** MANIFEST_INVALID for a pattern that is none. */
export function parseDockerIgnore(text: string): DockerIgnore {
  const rules = text
    .replace(/^\ufeff/, '')
    .split(/\r?\n/)
    .flatMap(ruleOf)
  return {
    hasExceptions: rules.some(({isException}) => isException),
    ignores(path) {
      const characters = [...path]
      let isIgnored = false
      for (const {steps, isException} of rules) {
        if (isIgnored === isException && fits(steps, characters)) isIgnored = !isException
      }
      return isIgnored
    },
  }
}

function ruleOf(line: string): Rule[] {
  if (line.startsWith('#')) return []
  const text = line.trim()
  const isException = text.startsWith('!')
  const pattern = cleaned(isException ? text.slice(1).trim() : text)
  if (pattern === '') return []
  try {
    if (pattern.length > MAX_PATTERN) throw new Error('it is too long')
    return [{steps: stepsOf(pattern), isException}]
  } catch (error) {
    throw new OmniError('MANIFEST_INVALID', `'${pattern.slice(0, 80)}' in .dockerignore is no pattern`, {cause: error})
  }
}

/** As paths are cleaned: no leading and doubled slashes, `.` and `..` resolved. */
function cleaned(pattern: string): string {
  const parts: string[] = []
  for (const part of pattern.split('/')) {
    if (part === '' || part === '.') continue
    if (part === '..') parts.pop()
    else parts.push(part)
  }
  return parts.join('/')
}

function stepsOf(pattern: string): Step[] {
  const steps: Step[] = []
  for (const [text] of pattern.matchAll(/\*\*\/?|\[[^\]][^\]]*\]|\\?./gsu)) {
    if (text === '**/') steps.push({kind: 'folders'})
    else if (text === '**') steps.push({kind: 'rest'})
    else if (text === '*') steps.push({kind: 'name'})
    else steps.push({kind: 'one', fits: characterOf(text)})
  }
  return steps
}

function characterOf(text: string): (character: string) => boolean {
  if (text === '?') return (character) => character !== '/'
  if (!text.startsWith('[') || text === '[') {
    const literal = text.length > 1 && text.startsWith('\\') ? text.slice(1) : text
    return (character) => character === literal
  }
  const inner = text.slice(1, -1).replaceAll('[', '\\[').replace(/^!/, '^')
  const pattern = new RegExp(`^[${inner}]$`, 'su')
  return (character) => pattern.test(character)
}

/** The path itself, or a folder it is in. In a time that grows with the two lengths only, whatever somebody wrote: a regular expression would go back and forth. */
function fits(steps: readonly Step[], path: readonly string[]): boolean {
  let failed: Uint8Array | undefined
  const isFit = (step: number, at: number): boolean => {
    const one = steps[step]
    const next = path[at]
    if (one === undefined) return next === undefined || next === '/'
    if (one.kind === 'one') return next !== undefined && one.fits(next) && isFit(step + 1, at + 1)
    failed ??= new Uint8Array(steps.length * (path.length + 1))
    const place = step * (path.length + 1) + at
    if (failed[place] === 1) return false
    if (isFit(step + 1, at) || (next !== undefined && isLonger(one.kind, step, at))) return true
    failed[place] = 1
    return false
  }
  const isLonger = (kind: 'name' | 'rest' | 'folders', step: number, at: number): boolean => {
    if (kind !== 'folders') return (kind === 'rest' || path[at] !== '/') && isFit(step, at + 1)
    const slash = path.indexOf('/', at)
    return slash !== -1 && isFit(step, slash + 1)
  }
  return isFit(0, 0)
}
