/** What stands in the place of a secret. */
export const REDACTED = '***'

const SECRET_KEY =
  /(^|[^a-z])(token|password|passwd|passphrase|pass|pwd|secrets?|credentials?|authorization|cookie|api-?key|access-?key|private-?key|key)([^a-z]|$)/

/** Words in a key that only tell about a secret: `tokenFile`, `keyId`, `publicKey`. */
const HARMLESS_KEY = /(^|-)(file|path|name|id|ids|url|count|type|env|public|ttl|expires?|timeout)(-|$)/

const URL_CREDENTIALS = /\b([a-z][a-z0-9+.-]*:\/\/)[^\s/?#"'<>]*@/gi
const BEARER = /\b(bearer\s+)(?=[\w~+/=-]*[\d.])[\w.~+/=-]{6,}/gi
const HEADER =
  /\b((?:proxy-)?authorization|set-cookie|cookie|x-api-key|x-auth-token|private-token)(["']?\s*[:=]\s*["']?)([^\r\n"']+)/gi
/**
 * `token=…` anywhere, also the signature of an address that is handed out, `"token": …` in JSON; not `token: …`, which is how
 * errors name the field that is wrong.
 */
const ASSIGNMENT =
  /(^|[?&;\s"'{,([-])([\w.-]*(?:token|password|passwd|passphrase|secret|api[_-]?key|access[_-]?key|private[_-]?key|signature))(["']?\s*=\s*["']?|["']\s*:\s*["']?)([^\s&"',;}]+)/gi
const PEM = /-----BEGIN ([A-Z ]*PRIVATE KEY)-----[\s\S]*?(?:-----END \1-----|$)/g

/** True for a key whose value must not be shown: `token`, `API_KEY`, `dbPassword`; not `tokenFile` or `keyId`. */
export function isSecretKey(key: string): boolean {
  const words = key
    .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
    .replace(/[_.\s]+/g, '-')
    .toLowerCase()
  return (SECRET_KEY.test(words) && !HARMLESS_KEY.test(words)) || /(password|passwd|secret|apikey)$/.test(words)
}

/**
 * A copy without secrets: values under secret keys, credentials in URLs and headers, private keys, and the given
 * texts wherever they occur (also Base64 and percent-encoded) become `***`. Cycles and deep nesting are cut.
 */
export function redact<T>(value: T, secrets: readonly string[] = []): T {
  // The shape is the same; only texts change.
  return redactValue(value, secretForms(secrets), new Set()) as T
}

function redactValue(value: unknown, forms: readonly string[], parents: Set<object>): unknown {
  if (typeof value === 'string') return redactText(value, forms)
  if (typeof value !== 'object' || value === null) return value
  if (parents.has(value) || parents.size > 32) return REDACTED
  parents.add(value)
  try {
    if (value instanceof Error) return redactText(value.message, forms)
    if (ArrayBuffer.isView(value)) return `<${value.byteLength} bytes>`
    if (Array.isArray(value)) return redactArray(value, forms, parents)
    if (value instanceof Map)
      return redactEntries(
        [...value].map(([key, item]) => [String(key), item]),
        forms,
        parents,
      )
    if ('toJSON' in value && typeof value.toJSON === 'function') return redactValue(value.toJSON(), forms, parents)
    return redactEntries(Object.entries(value), forms, parents)
  } finally {
    parents.delete(value)
  }
}

const redactEntries = (entries: readonly [string, unknown][], forms: readonly string[], parents: Set<object>) =>
  Object.fromEntries(
    entries.map(([key, item]) => [key, isSecretKey(key) ? mask(item) : redactValue(item, forms, parents)]),
  )

/** In an argument vector, `--token` hides its neighbour. */
const redactArray = (items: readonly unknown[], forms: readonly string[], parents: Set<object>) =>
  items.map((item, index) => {
    const before = items[index - 1]
    const isAfterFlag = typeof before === 'string' && before.startsWith('-') && isSecretKey(before.replace(/^-+/, ''))
    return isAfterFlag && !before.includes('=') ? mask(item) : redactValue(item, forms, parents)
  })

/** A reference such as `{env: NAME}` holds no secret, and a flag (`secret: true`) neither. */
function mask(value: unknown): unknown {
  if (value === undefined || value === null || typeof value === 'boolean' || value === '') return value
  if (typeof value === 'object' && !Array.isArray(value)) {
    const keys = Object.keys(value)
    if (keys.length > 0 && keys.every((key) => key === 'env' || key === 'file')) return value
  }
  return REDACTED
}

function redactText(text: string, forms: readonly string[]): string {
  let result = text
  for (const form of forms) result = result.replaceAll(form, REDACTED)
  return result
    .replace(PEM, REDACTED)
    .replace(URL_CREDENTIALS, `$1${REDACTED}@`)
    .replace(HEADER, `$1$2${REDACTED}`)
    .replace(BEARER, `$1${REDACTED}`)
    .replace(ASSIGNMENT, `$1$2$3${REDACTED}`)
}

/** Longest first, so that a secret that contains another one vanishes as a whole. Very short ones would mask chance. */
function secretForms(secrets: readonly string[]): readonly string[] {
  const forms = new Set<string>()
  for (const secret of secrets) {
    if (secret.length < 4) continue
    const base64 = Buffer.from(secret).toString('base64').replace(/=+$/, '')
    for (const form of [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1), base64])
      forms.add(form)
    forms.add(Buffer.from(secret).toString('base64url'))
  }
  return [...forms].sort((a, b) => b.length - a.length)
}
