import {chmod, link, readFile, rm, stat} from 'node:fs/promises'
import {join} from 'node:path'
import {OmniError, writeFileAtomic} from '@omni-cli/sdk'
import {newSecret} from '../store/tokens.ts'

/** The token of the owner of a home, in `<home>/server.token` (0600); made on first use. IO when it cannot be kept. */
export async function adminToken(home: string): Promise<string> {
  const path = join(home, 'server.token')
  const known = await readToken(path)
  if (known !== undefined) return known
  const draft = join(home, `server.token.${process.pid}`)
  await writeFileAtomic(draft, `${newSecret()}\n`)
  try {
    // Never replaces: of two that start at once, both end up with the token of the first.
    await link(draft, path).catch(ignoreExisting)
  } finally {
    await rm(draft, {force: true})
  }
  const token = await readToken(path)
  if (token === undefined) throw new OmniError('IO', `'${path}' is empty`, {hint: `rm '${path}'`})
  return token
}

async function readToken(path: string): Promise<string | undefined> {
  try {
    const token = (await readFile(path, 'utf8')).trim()
    if (((await stat(path)).mode & 0o077) !== 0) await chmod(path, 0o600)
    if (token === '') await rm(path)
    return token === '' ? undefined : token
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined
    throw new OmniError('IO', `cannot read '${path}'`, {cause: error})
  }
}

const ignoreExisting = (error: unknown): void => {
  if (!isCode(error, 'EEXIST')) throw error
}

const isCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code
