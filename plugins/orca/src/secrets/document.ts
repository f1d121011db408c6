import {nameProblem, OmniError} from '@omni-cli/sdk'
import type {SecretName} from './reference.ts'

/** A secret with its value, on its way. */
export interface SecretEntry extends SecretName {
  readonly value: string
}

/** What is inside of the age files that client and server exchange, and of exports. */
export const writeDocument = (secrets: readonly SecretEntry[]): string =>
  `${JSON.stringify({version: 1, secrets}, undefined, 2)}\n`

/** The entries of such a document; undefined when it is something else. USAGE when it is one and is broken. */
export function readDocument(value: unknown): SecretEntry[] | undefined {
  if (typeof value !== 'object' || value === null || !('version' in value) || !('secrets' in value)) return undefined
  if (!Array.isArray(value.secrets)) return undefined
  if (value.version !== 1) {
    throw new OmniError('USAGE', 'these secrets were written by a newer version of omni')
  }
  return value.secrets.map((entry: unknown, index) => {
    const [key, project, text] = ['key', 'project', 'value'].map((field) =>
      typeof entry === 'object' && entry !== null ? Reflect.get(entry, field) : undefined,
    )
    const isProject = project === undefined || project === null || typeof project === 'string'
    if (typeof key !== 'string' || typeof text !== 'string' || !isProject) {
      throw new OmniError('USAGE', `secret ${index + 1} of the document has no key or value`)
    }
    const problem = typeof project === 'string' ? nameProblem(project) : undefined
    if (problem !== undefined) throw new OmniError('USAGE', `the project of secret ${index + 1}: ${problem}`)
    return {key, value: text, ...(typeof project === 'string' ? {project} : {})}
  })
}
