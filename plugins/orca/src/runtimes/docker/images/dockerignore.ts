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
  readonly pattern: RegExp
  readonly isException: boolean
}

/** MANIFEST_INVALID for a pattern that is none. */
export function parseDockerIgnore(text: string): DockerIgnore {
  const rules = text
    .replace(/^\ufeff/, '')
    .split(/\r?\n/)
    .flatMap(ruleOf)
  return {
    hasExceptions: rules.some(({isException}) => isException),
    ignores(path) {
      const parts = path.split('/')
      // The path itself and the folders it is in.
      const names = parts.map((_, index) => parts.slice(0, index + 1).join('/'))
      let isIgnored = false
      for (const {pattern, isException} of rules) {
        if (isIgnored === isException && names.some((name) => pattern.test(name))) isIgnored = !isException
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
    return [{pattern: new RegExp(`^${expression(pattern)}$`, 'su'), isException}]
  } catch (error) {
    throw new OmniError('MANIFEST_INVALID', `'${pattern}' in .dockerignore is no pattern`, {cause: error})
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

function expression(pattern: string): string {
  let result = ''
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at] ?? ''
    if (pattern.startsWith('**', at)) {
      at += 1
      if (pattern[at + 1] === '/') {
        at += 1
        result += '(?:.*/)?'
      } else result += '.*'
    } else if (character === '*') result += '[^/]*'
    else if (character === '?') result += '[^/]'
    else if (character === '[') {
      const end = pattern.indexOf(']', at + 2)
      if (end === -1) result += '\\['
      else {
        const inner = pattern
          .slice(at + 1, end)
          .replaceAll('[', '\\[')
          .replace(/^!/, '^')
        result += `[${inner}]`
        at = end
      }
    } else if (character === '\\' && at + 1 < pattern.length) {
      at += 1
      result += literal(pattern[at] ?? '')
    } else result += literal(character)
  }
  return result
}

const literal = (character: string): string => character.replace(/[\\^$.*+?()[\]{}|/]/, '\\$&')
