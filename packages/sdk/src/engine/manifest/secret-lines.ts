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
