import {didYouMean, isOmniError, OmniError} from '@omni-cli/sdk'
import type {IncusClient} from '../client/client.ts'

export interface ExecUser {
  readonly uid: number
  readonly gid: number
  /** Absent for a number that the machine knows no name of. */
  readonly name?: string | undefined
  readonly home?: string | undefined
}

interface InstanceFile {
  readonly name: string
  readonly path: string
  readonly signal: AbortSignal | undefined
}

const MAX_BYTES = 1024 * 1024

/** By the `passwd` file inside: Incus takes numbers alone, and knows neither group nor home of a user. NOT_FOUND. */
export async function findUser(
  client: IncusClient,
  {name, user, signal}: {readonly name: string; readonly user: string; readonly signal: AbortSignal | undefined},
): Promise<ExecUser> {
  const isNumber = /^\d+$/.test(user)
  const text = await readText(client, {name, path: '/etc/passwd', signal}).catch((error: unknown) => {
    if (isNumber && isOmniError(error) && error.code === 'NOT_FOUND') return ''
    throw error
  })
  const users = parsePasswd(text)
  const found = users.find((known) => (isNumber ? known.uid === Number(user) : known.name === user))
  if (found !== undefined) return found
  if (isNumber) return {uid: Number(user), gid: 0}
  throw new OmniError('NOT_FOUND', `'${name}' has no user '${user}'`, {
    hint:
      didYouMean(
        user,
        users.flatMap((known) => known.name ?? []),
      ) ?? `omni exec ${name} -- cat /etc/passwd`,
  })
}

/** Lines that are none of `passwd` are left out. */
export function parsePasswd(text: string): ExecUser[] {
  return text.split('\n').flatMap((line) => {
    const [name, , uid = '', gid = '', , home] = line.split(':')
    return /^\d+$/.test(uid) && /^\d+$/.test(gid) ? [{name, uid: Number(uid), gid: Number(gid), home}] : []
  })
}

/** A small file of the machine; the target of a symbolic link. Of a long one its beginning. */
export async function readText(client: IncusClient, {name, path, signal}: InstanceFile): Promise<string> {
  const request = {method: 'GET', path: `/instances/${encodeURIComponent(name)}/files`, query: {path}} as const
  const {body} = await client.download(request, {signal})
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of body) {
    chunks.push(chunk)
    size += chunk.length
    if (size > MAX_BYTES) break
  }
  return Buffer.concat(chunks).toString('utf8')
}
