import {nameProblem} from '@omni-cli/sdk'

/** Where a secret is kept: for one project, or for all services. */
export interface SecretName {
  readonly key: string
  /** Undefined: for all. */
  readonly project?: string | undefined
}

/** Longest value, in bytes of UTF-8. */
export const MAX_SECRET_BYTES = 64 * 1024

const KEY = /^[A-Za-z_][A-Za-z0-9_.-]{0,127}$/

/** Why the text cannot be a key, or undefined. */
export const keyProblem = (key: string): string | undefined =>
  KEY.test(key)
    ? undefined
    : 'a key has letters, digits and "_.-", starts with a letter or "_" and has at most 128 of them'

/** Why the text cannot be kept as a value, or undefined. Says nothing of the value itself. */
export function valueProblem(value: string): string | undefined {
  if (value.includes('\0')) return 'a value cannot hold a NUL character'
  if (!value.isWellFormed()) return 'the value is no valid text'
  return Buffer.byteLength(value) > MAX_SECRET_BYTES ? 'a value has at most 64 KiB' : undefined
}

/** `shop/DB_PASS`, or `DB_PASS` for one that is for all. */
export const secretLabel = ({key, project}: SecretName): string => (project === undefined ? key : `${project}/${key}`)

/** `${secrets.REFERENCE}`; with a second `$` in front it is meant literally. */
const PATTERN = /(\$?)\$\{secrets\.([^}]*)\}/g

/** References in a text, as they are written: `DB_PASS`, `other.DB_PASS`. */
export const referencesIn = (text: string): string[] =>
  [...text.matchAll(PATTERN)].flatMap(([, dollar, reference]) => (dollar === '' ? [reference ?? ''] : []))

/** References of an environment, sorted, each once. */
export const referencesOf = (env: Readonly<Record<string, string>>): string[] =>
  [...new Set(Object.values(env).flatMap(referencesIn))].sort()

/** The text with values for references. What is filled in is not looked at again; `$${secrets.X}` becomes `${secrets.X}`. */
export const fillIn = (text: string, lookUp: (reference: string) => string): string =>
  text.replace(PATTERN, (whole, dollar: string, reference: string) =>
    dollar === '' ? lookUp(reference) : whole.slice(1),
  )

/** Secrets that a reference may mean, the first that is set counts: the project's, the one for all, an explicit `project.KEY`. */
export function candidatesOf(reference: string, project: string | undefined): SecretName[] {
  if (keyProblem(reference) !== undefined) return explicit(reference)
  return [...(project === undefined ? [] : [{key: reference, project}]), {key: reference}, ...explicit(reference)]
}

function explicit(reference: string): SecretName[] {
  const dot = reference.indexOf('.')
  const [project, key] = [reference.slice(0, Math.max(0, dot)), reference.slice(dot + 1)]
  return dot > 0 && nameProblem(project) === undefined && keyProblem(key) === undefined ? [{key, project}] : []
}
