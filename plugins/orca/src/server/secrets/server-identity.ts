import {randomBytes} from 'node:crypto'
import {link, readFile, rm} from 'node:fs/promises'
import {join} from 'node:path'
import {ensurePrivateDir, OmniError, reasonOf, writeFileAtomic} from '@omni-cli/sdk'
import {decryptWith, identitiesIn, newIdentity, recipientOf} from '../../secrets/age.ts'

/** The server's own key pair: what is encrypted to it, only it can read. */
export interface ServerIdentity {
  /** `age1…` */
  recipient(): Promise<string>
  /** The text of an age file for this server. USAGE for any other. */
  open(file: string): Promise<string>
}

/** Kept in `<home>/engine/age.key` (0600) in the form of `age-keygen`; made on first use, never replaced. */
export function createServerIdentity(home: string): ServerIdentity {
  const path = join(home, 'engine', 'age.key')
  const identity = async (): Promise<string> => (await read(path)) ?? (await make(path))
  return {
    recipient: async () => recipientOf(await identity()),
    open: async (file) => decryptWith([await identity()], file),
  }
}

async function read(path: string): Promise<string | undefined> {
  try {
    const [identity] = identitiesIn(await readFile(path, 'utf8'))
    if (identity?.startsWith('AGE-SECRET-KEY-') === true) return identity
    throw new Error('it holds no identity')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw new OmniError('IO', `cannot use '${path}': ${reasonOf(error)}`, {hint: `rm '${path}'`})
  }
}

/** Of two that do this at once, both end up with the identity of the first. */
async function make(path: string): Promise<string> {
  const {identity, recipient} = await newIdentity()
  await ensurePrivateDir(join(path, '..'))
  const draft = `${path}.${randomBytes(6).toString('hex')}`
  await writeFileAtomic(draft, `# public key: ${recipient}\n${identity}\n`)
  try {
    await link(draft, path).catch((error: unknown) => {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    })
  } finally {
    await rm(draft, {force: true})
  }
  const kept = await read(path)
  if (kept === undefined) throw new OmniError('IO', `'${path}' has gone again`)
  return kept
}
