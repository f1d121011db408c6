import type {ApiObject} from '../../contracts/objects.ts'
import {isSecretKey} from '../../io/redact.ts'

/** Whether a line of the file that an object stands in may hold a secret of it which no key tells. */
export function holdsSecret(object: ApiObject, line: string): boolean {
  // Whatever a Secret's keys are called, and however its values are broken into lines.
  if (object.kind === 'Secret') return true
  return secretVariables(object).some((value) => value.split('\n').some((part) => part !== '' && line.includes(part)))
}

/** Values of `env: [{name: DB_PASSWORD, value: …}]`, wherever they are; how they may be written in quotes, too. */
function secretVariables(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return []
  if (Array.isArray(value)) return value.flatMap(secretVariables)
  const own = 'name' in value && typeof value.name === 'string' && isSecretKey(value.name) ? variableText(value) : []
  return [...own, ...Object.values(value).flatMap(secretVariables)]
}

function variableText(variable: object): string[] {
  if (!('value' in variable) || typeof variable.value === 'object') return []
  const text = String(variable.value)
  return [text, JSON.stringify(text).slice(1, -1), text.replaceAll("'", "''")]
}

/** How far around a place the kind of its document is looked for. */
const AROUND = 200_000
const SECRET_KIND = /(?:^|[\s{,])["']?kind["']?\s*:\s*["']?Secret(?![\w-])/

/** Whether the document around the place is a Secret, as far as text tells that may not even be YAML. */
export function isInSecret(text: string, offset: number): boolean {
  const before = text.slice(Math.max(0, offset - AROUND), offset)
  const after = text.slice(offset, offset + AROUND)
  const start = before.lastIndexOf('\n---')
  const end = after.indexOf('\n---')
  return SECRET_KIND.test(before.slice(start === -1 ? 0 : start) + (end === -1 ? after : after.slice(0, end)))
}
