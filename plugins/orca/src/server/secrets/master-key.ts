import {createCipheriv, createDecipheriv, createHash, randomBytes} from 'node:crypto'
import {
  chmodSync,
  closeSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import {dirname} from 'node:path'
import {OmniError, reasonOf} from '@omni-cli/sdk'

/** A key that values are sealed with. */
export interface MasterKey {
  /** Told from the key itself, so that a row can say which one it needs. */
  readonly id: string
  readonly bytes: Buffer
}

const KEY_BYTES = 32
const NONCE_BYTES = 12
const TAG_BYTES = 16
const TAG = {authTagLength: TAG_BYTES}

export const newMasterKey = (): MasterKey => keyOf(randomBytes(KEY_BYTES))

const keyOf = (bytes: Buffer): MasterKey => ({
  id: createHash('sha256').update('omni master key\0').update(bytes).digest('hex').slice(0, 16),
  bytes,
})

/**
 * The keys in the file, the one in force first; none when there is no file. IO when it cannot be read or holds something
 * else.
 */
export function readKeys(path: string): MasterKey[] {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
    if ((statSync(path).mode & 0o077) !== 0) chmodSync(path, 0o600)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return []
    throw new OmniError('IO', `cannot read the key of the secrets, '${path}': ${reasonOf(error)}`, {cause: error})
  }
  const keys = text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => Buffer.from(line.trim(), 'base64'))
  if (keys.length === 0 || keys.some((key) => key.length !== KEY_BYTES)) {
    throw new OmniError('IO', `'${path}' is no key of secrets`, {hint: 'put it back from a backup'})
  }
  return keys.map(keyOf)
}

/** Makes the file; never replaces one that is there (IO). On the disk when it returns, whole or not at all. */
export const createKeyFile = (path: string, keys: readonly MasterKey[]): void =>
  write(path, keys, (draft) => linkSync(draft, path))

/** Replaces the file as a whole. */
export const replaceKeyFile = (path: string, keys: readonly MasterKey[]): void =>
  write(path, keys, (draft) => renameSync(draft, path))

/** One key a line, in Base64. */
function write(path: string, keys: readonly MasterKey[], publish: (draft: string) => void): void {
  const draft = `${path}.${randomBytes(6).toString('hex')}`
  try {
    const file = openSync(draft, 'wx', 0o600)
    try {
      writeSync(file, keys.map(({bytes}) => `${bytes.toString('base64')}\n`).join(''))
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    publish(draft)
    syncFolder(dirname(path))
  } catch (error) {
    throw new OmniError('IO', `cannot write the key of the secrets, '${path}': ${reasonOf(error)}`, {cause: error})
  } finally {
    rmSync(draft, {force: true})
  }
}

/** The name itself must be on the disk before rows need the key. */
function syncFolder(path: string): void {
  const folder = openSync(path, 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}

/** Nonce, ciphertext and tag of AES-256-GCM; `place` is bound to it. */
export function seal(key: MasterKey, place: string, value: string): Buffer {
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv('aes-256-gcm', key.bytes, nonce, TAG).setAAD(Buffer.from(place))
  return Buffer.concat([nonce, cipher.update(value, 'utf8'), cipher.final(), cipher.getAuthTag()])
}

/** Undefined when the sealed bytes, the place or the key are not those it was sealed with. */
export function unseal(key: MasterKey, place: string, sealed: Uint8Array): string | undefined {
  const bytes = Buffer.from(sealed)
  if (bytes.length < NONCE_BYTES + TAG_BYTES) return undefined
  try {
    const decipher = createDecipheriv('aes-256-gcm', key.bytes, bytes.subarray(0, NONCE_BYTES), TAG)
      .setAAD(Buffer.from(place))
      .setAuthTag(bytes.subarray(-TAG_BYTES))
    return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]).toString('utf8')
  } catch {
    return undefined
  }
}

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined)
