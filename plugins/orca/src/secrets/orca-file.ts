import {createDecipheriv} from 'node:crypto'
import {OmniError} from '@omni-cli/sdk'

/** Orca's `secrets.json`: `{"secrets": {"KEY": "<24 hex nonce>:<hex ciphertext and tag>"}}`. */
export type OrcaSecrets = Readonly<Record<string, string>>

const SEALED = /^([0-9a-f]{24}):((?:[0-9a-f]{2}){16,})$/i
const HEX = /^(?:[0-9a-f]{2})*$/i
const TAG_BYTES = 16

/** The sealed values of such a file; undefined when the value is something else. */
export function orcaSecretsIn(value: unknown): OrcaSecrets | undefined {
  if (typeof value !== 'object' || value === null || Object.keys(value).join() !== 'secrets') return undefined
  const secrets: unknown = Reflect.get(value, 'secrets')
  if (typeof secrets !== 'object' || secrets === null || Array.isArray(secrets)) return undefined
  const entries = Object.entries(secrets).filter((entry): entry is [string, string] => typeof entry[1] === 'string')
  const isAllTexts = entries.length === Object.keys(secrets).length
  return isAllTexts && entries.every(([, text]) => SEALED.test(text) || HEX.test(text))
    ? Object.fromEntries(entries)
    : undefined
}

export interface OrcaKey {
  /** 32 bytes, from `~/.orca/master.key`. */
  readonly bytes: Uint8Array
  /** For messages. */
  readonly file: string
  /** Reads values of the oldest form as well, which were only XORed: with a wrong key they come out wrong, unnoticed. */
  readonly legacyXor: boolean
}

/** The values in clear. USAGE that names the key for each that the master key does not open; never guesses. */
export function openOrcaSecrets(sealed: OrcaSecrets, key: OrcaKey): Record<string, string> {
  if (key.bytes.length !== 32) {
    throw new OmniError(
      'USAGE',
      `'${key.file}' is no master key of Orca: it has 32 bytes, this has ${key.bytes.length}`,
    )
  }
  return Object.fromEntries(Object.entries(sealed).map(([name, text]) => [name, openOne(name, text, key)]))
}

function openOne(name: string, text: string, key: OrcaKey): string {
  const match = SEALED.exec(text)
  if (match === null) return openXor(name, text, key)
  const [nonce, sealed] = [Buffer.from(match[1] ?? '', 'hex'), Buffer.from(match[2] ?? '', 'hex')]
  try {
    const decipher = createDecipheriv('aes-256-gcm', key.bytes, nonce, {authTagLength: TAG_BYTES})
    decipher.setAuthTag(sealed.subarray(-TAG_BYTES))
    return utf8(Buffer.concat([decipher.update(sealed.subarray(0, -TAG_BYTES)), decipher.final()]))
  } catch (error) {
    throw new OmniError('USAGE', `the secret '${name}' does not open with '${key.file}'`, {
      hint: 'name the master key of the machine that wrote the file: --master-key FILE',
      cause: error,
    })
  }
}

function openXor(name: string, text: string, {bytes, legacyXor}: OrcaKey): string {
  if (!legacyXor) {
    throw new OmniError('USAGE', `the secret '${name}' has Orca's oldest form, which cannot tell a wrong key`, {
      hint: 'add --legacy-xor when you are sure of the key, and check the values',
    })
  }
  const value = Buffer.from(text, 'hex').map((byte, index) => byte ^ (bytes[index % bytes.length] ?? 0))
  try {
    const plain = utf8(Buffer.from(value))
    if (!/[\0-\x08\x0e-\x1f\x7f]/.test(plain)) return plain
  } catch {
    // Told below.
  }
  throw new OmniError(
    'USAGE',
    `the secret '${name}' comes out as no text: the master key is not the one it was written with`,
  )
}

const utf8 = (bytes: Uint8Array): string => new TextDecoder('utf-8', {fatal: true, ignoreBOM: true}).decode(bytes)
