import {isSecretKey, redact, type ServiceSpec} from '@omni-cli/sdk'
import {envSecretName, secretsName} from './names.ts'
import {literal} from './words.ts'

/** A service that another one depends on. */
export interface Dependency {
  readonly name: string
  readonly port: number | undefined
  readonly protocol: ServiceSpec['protocol']
}

export interface EnvEntry {
  readonly name: string
  readonly value?: string
  readonly valueFrom?: {readonly secretKeyRef: {readonly name: string; readonly key: string}}
}

export interface Environment {
  readonly entries: readonly EnvEntry[]
  /** What must not be read by those who may see Deployments: content of a Secret of the release. */
  readonly secret: Readonly<Record<string, string>>
}

const REFERENCE = /\$\{secrets\.([^}]*)\}/g

/** Keys of `${secrets.KEY}` in the environment, sorted. */
export const secretKeysOf = ({env}: Pick<ServiceSpec, 'env'>): string[] =>
  [...new Set(Object.values(env).flatMap((value) => [...value.matchAll(REFERENCE)].map(([, key = '']) => key)))].sort()

/** Environment of the container: PORT, `X_HOST`, `X_PORT` and `X_URL` of each dependency, and what the spec says, which wins. */
export function environmentOf(spec: ServiceSpec, release: string, dependencies: readonly Dependency[]): Environment {
  const given = Object.entries({
    ...(spec.port === undefined ? {} : {PORT: String(spec.port)}),
    ...Object.fromEntries(dependencies.flatMap(addresses)),
    ...spec.env,
  })
  const keys = secretKeysOf(spec)
  const partial = new Set(
    given.flatMap(([, value]) =>
      isWholeReference(value) ? [] : [...value.matchAll(REFERENCE)].map(([, key = '']) => key),
    ),
  )
  const inner = keys
    .filter((key) => partial.has(key))
    .map((key): EnvEntry => ({name: innerName(key), valueFrom: fromSecret(secretsName(spec.name), key)}))
  const secret = Object.fromEntries(given.filter(([name, value]) => isSecret(name, value)))
  const entries = given.map(([name, value]): EnvEntry => {
    if (Object.hasOwn(secret, name)) return {name, valueFrom: fromSecret(envSecretName(spec.name, release), name)}
    const key = isWholeReference(value) ? [...value.matchAll(REFERENCE)][0]?.[1] : undefined
    if (key !== undefined) return {name, valueFrom: fromSecret(secretsName(spec.name), key)}
    return {name, value: withReferences(value)}
  })
  return {entries: [...inner, ...entries], secret}
}

const fromSecret = (name: string, key: string) => ({secretKeyRef: {name, key}})

/** A value that only names secrets holds none itself. */
const isSecret = (name: string, value: string): boolean =>
  value.search(REFERENCE) === -1 && value !== '' && (isSecretKey(name) || redact(value) !== value)

const isWholeReference = (value: string): boolean => /^\$\{secrets\.[^}]*\}$/.test(value)

/** Kubernetes fills a variable that stands before it into a text: the value itself is in no object but the Secret. */
const innerName = (key: string): string => `OMNI_SECRET_${key.replace(/\W/g, '_')}`

function withReferences(value: string): string {
  const parts = value.split(/\$\{secrets\.([^}]*)\}/)
  if (parts.length === 1) return literal(value)
  return parts.map((part, index) => (index % 2 === 0 ? part.replaceAll('$', '$$$$') : `$(${innerName(part)})`)).join('')
}

function addresses({name, port, protocol}: Dependency): [string, string][] {
  if (port === undefined) return []
  const prefix = name.toUpperCase().replaceAll('-', '_')
  return [
    [`${prefix}_HOST`, name],
    [`${prefix}_PORT`, String(port)],
    [`${prefix}_URL`, `${protocol === 'tcp' ? 'tcp' : 'http'}://${name}:${port}`],
  ]
}
