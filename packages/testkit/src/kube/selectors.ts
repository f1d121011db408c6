import {isMap, type Json, type KubeObject} from './objects.ts'
import {badRequest} from './status.ts'

/** `app=web,tier!=db,env in (a,b),!old` as a test of labels. */
export function labelSelector(text: string | undefined): (labels: Record<string, string> | undefined) => boolean {
  const terms = (text ?? '').split(/,(?![^(]*\))/).filter((term) => term.trim() !== '')
  const tests = terms.map((term) => labelTerm(term.trim()))
  return (labels = {}) => tests.every((test) => test(labels))
}

type LabelTest = (labels: Record<string, string>) => boolean

function labelTerm(term: string): LabelTest {
  const [, among, not, list = ''] = /^(\S+)\s+(not)?in\s*\(([^)]*)\)$/.exec(term) ?? []
  if (among !== undefined) {
    const values = list.split(',').map((value) => value.trim())
    return (labels) => values.includes(labels[among] ?? '\0') === (not === undefined)
  }
  const [, key, operator, value = ''] = /^([^=!\s]+)\s*(==|=|!=)\s*([^=!]*)$/.exec(term) ?? []
  if (key !== undefined) return (labels) => (labels[key] === value) === (operator !== '!=')
  if (/^![^=!\s]+$/.test(term)) return (labels) => labels[term.slice(1)] === undefined
  if (/^[^=!\s]+$/.test(term)) return (labels) => labels[term] !== undefined
  throw badRequest("found '=', expected: ',' or 'end of string'")
}

/** `metadata.name=x,status.phase!=Running` as a test of objects. */
export function fieldSelector(text: string | undefined): (object: KubeObject) => boolean {
  const tests = (text ?? '').split(',').flatMap((term) => {
    const [, path, operator, value] = /^([^=!]+)(==|=|!=)(.*)$/.exec(term) ?? []
    return path === undefined ? [] : [{path: path.split('.'), wanted: operator !== '!=', value}]
  })
  return (object) => tests.every(({path, wanted, value}) => (String(valueAt(object, path) ?? '') === value) === wanted)
}

function valueAt(value: unknown, path: readonly string[]): Json | undefined {
  let found: unknown = value
  for (const field of path)
    found = isMap(found) ? found[field] : Array.isArray(found) ? found[Number(field)] : undefined
  return found as Json | undefined
}
