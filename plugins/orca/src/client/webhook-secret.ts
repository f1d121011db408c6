import {randomBytes} from 'node:crypto'
import {readFile} from 'node:fs/promises'
import {text} from 'node:stream/consumers'
import {OmniError, reasonOf} from '@omni-cli/sdk'
import {isLoopback} from './listen-address.ts'
import {readServerInfo} from './local-files.ts'

/** 32 random bytes. */
export const newWebhookSecret = (): string => randomBytes(32).toString('base64url')

/** The secret in a file or on stdin (`-`), without the line end. USAGE when there is none, IO when it cannot be read. */
export async function readWebhookSecret(path: string): Promise<string> {
  const content = await (path === '-' ? text(process.stdin) : readFile(path, 'utf8')).catch((error: unknown) => {
    throw new OmniError('IO', `cannot read '${path}': ${reasonOf(error)}`, {cause: error})
  })
  const secret = content.trim()
  if (secret === '' || secret.length > 1_000) throw new OmniError('USAGE', `'${path}' holds no secret`)
  return secret
}

/** Where pushes go; of the local server its TCP address, which others may not reach. */
export function webhookUrl(serverUrl: string, home: string): {readonly url: string; readonly isLoopback: boolean} {
  const base = serverUrl.startsWith('unix:') ? (readServerInfo(home)?.url ?? 'http://127.0.0.1:6880') : serverUrl
  return {
    url: `${base.replace(/\/+$/, '')}/api/v1/webhooks/github`,
    isLoopback: isLoopback(new URL(base).hostname),
  }
}
