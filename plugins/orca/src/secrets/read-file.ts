import {createReadStream} from 'node:fs'
import {homedir} from 'node:os'
import {join} from 'node:path'
import {isOmniError, OmniError, reasonOf} from '@omni-cli/sdk'
import {decryptWith, identitiesIn, isAge} from './age.ts'
import {readDocument, type SecretEntry} from './document.ts'
import {parseEnvFile} from './env-file.ts'
import {openOrcaSecrets, orcaSecretsIn} from './orca-file.ts'
import {keyProblem} from './reference.ts'

export interface ReadSecretsOptions {
  /** For age files: the file with the secret key. */
  readonly identityFile?: string | undefined
  /** For Orca's files; default `~/.orca/master.key`. */
  readonly masterKeyFile?: string | undefined
  /** See `OrcaKey`. */
  readonly legacyXor?: boolean | undefined
}

const MAX_BYTES = 32 * 1024 * 1024

/** Where Orca keeps the key of its secrets. */
export const orcaKeyFile = (): string => join(homedir(), '.orca', 'master.key')

/**
 * The secrets of a file: `.env`, a JSON map, Orca's `secrets.json`, an export of ours, and each of them in an age file. USAGE
 * for anything else, IO for a file that cannot be read; no message quotes a value.
 */
export async function readSecretsFile(file: string, options: ReadSecretsOptions = {}): Promise<SecretEntry[]> {
  const content = await readContent(file)
  const text = isAge(content) ? await openAge(file, content, options) : utf8(file, content)
  const entries = await parse(file, text, options)
  for (const {key} of entries) {
    const problem = keyProblem(key)
    if (problem !== undefined) throw new OmniError('USAGE', `'${file}': '${key.slice(0, 40)}' is no key: ${problem}`)
  }
  return entries
}

async function parse(file: string, text: string, options: ReadSecretsOptions): Promise<SecretEntry[]> {
  if (!text.trimStart().startsWith('{')) return asEntries(envOf(file, text))
  const value = jsonOf(file, text)
  const document = readDocument(value)
  if (document !== undefined) return document
  const sealed = orcaSecretsIn(value)
  if (sealed !== undefined) {
    const keyFile = options.masterKeyFile ?? orcaKeyFile()
    const key = {bytes: await readContent(keyFile), file: keyFile, legacyXor: options.legacyXor ?? false}
    return asEntries(openOrcaSecrets(sealed, key))
  }
  return asEntries(mapOf(file, value))
}

const asEntries = (map: Readonly<Record<string, string>>): SecretEntry[] =>
  Object.entries(map).map(([key, value]) => ({key, value}))

function mapOf(file: string, value: unknown): Record<string, string> {
  const entries = typeof value === 'object' && value !== null ? Object.entries(value) : []
  const bad = entries.find(([, text]) => typeof text !== 'string')
  if (bad !== undefined) throw new OmniError('USAGE', `'${file}': '${bad[0]}' must be a text`)
  return Object.fromEntries(entries.map(([key, text]) => [key, String(text)]))
}

function envOf(file: string, text: string): Record<string, string> {
  try {
    return parseEnvFile(text)
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'it cannot be read'
    throw new OmniError('USAGE', `'${file}' is no .env file: ${reason}`, {cause: error})
  }
}

function jsonOf(file: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The parser's own message quotes the text.
    throw new OmniError('USAGE', `'${file}' is no valid JSON`)
  }
}

async function openAge(file: string, content: Uint8Array, {identityFile}: ReadSecretsOptions): Promise<string> {
  if (identityFile === undefined) {
    throw new OmniError('USAGE', `'${file}' is encrypted with age`, {
      hint: `omni secrets import ${file} --identity FILE`,
    })
  }
  return decryptWith(identitiesIn(utf8(identityFile, await readContent(identityFile))), content)
}

/** All of a file or a pipe. NOT_FOUND, IO; USAGE for what is too long to hold secrets. */
export async function readContent(file: string): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  try {
    for await (const chunk of createReadStream(file)) {
      length += chunk.length
      if (length > MAX_BYTES) throw new OmniError('USAGE', `'${file}' has more than 32 MiB`)
      chunks.push(chunk)
    }
    return Buffer.concat(chunks)
  } catch (error) {
    if (isOmniError(error)) throw error
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    throw new OmniError(
      isMissing ? 'NOT_FOUND' : 'IO',
      `cannot read '${file}': ${isMissing ? 'there is no such file' : reasonOf(error)}`,
      {
        cause: error,
      },
    )
  }
}

function utf8(file: string, content: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', {fatal: true}).decode(content)
  } catch {
    throw new OmniError('USAGE', `'${file}' is not UTF-8 text`)
  }
}
