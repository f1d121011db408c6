import {posix} from 'node:path'
import {OmniError} from '@omni-cli/sdk'
import type {IncusClient} from '../client/client.ts'
import {readText} from './exec-user.ts'

interface Folder {
  readonly name: string
  readonly path: string
  readonly signal: AbortSignal | undefined
}

/** NOT_FOUND for what is no folder inside: Incus would run the program in `/` without a word. */
export async function checkFolder(client: IncusClient, {name, path, signal}: Folder): Promise<void> {
  const missing = () => new OmniError('NOT_FOUND', `'${name}' has no folder '${path}'`)
  if (!path.startsWith('/')) throw new OmniError('USAGE', `'${path}' is no absolute path`)
  let at = path
  for (let links = 0; links < 10; links++) {
    const request = {method: 'GET', path: `/instances/${encodeURIComponent(name)}/files`, query: {path: at}} as const
    const type = (await client.head(request, {signal}))?.['x-incus-type']
    if (type === 'directory') return
    if (type !== 'symlink') throw missing()
    at = posix.resolve(posix.dirname(at), await readText(client, {name, path: at, signal}))
  }
  throw missing()
}
