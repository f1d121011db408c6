import {open} from 'node:fs/promises'
import {homedir} from 'node:os'
import {join} from 'node:path'
import {type DriverContext, OmniError, reasonOf} from '@omni-cli/sdk'
import type {HuggingfaceSettings} from '../config.ts'

/** Which hub, and as whom. */
export interface HubTarget {
  /** Without a slash at the end. */
  readonly endpoint: string
  /** Nothing may be asked. */
  readonly isOffline: boolean
  /** Read once, when it is needed first. CONFIG_INVALID for one that cannot be a token. */
  readonly token: () => Promise<HubToken | undefined>
}

export interface HubToken {
  readonly token: string
  /** `$HF_TOKEN` or the file. */
  readonly from: string
}

const DEFAULT_ENDPOINT = 'https://huggingface.co'

export function hubTarget(context: Pick<DriverContext, 'env'>, settings: HuggingfaceSettings): HubTarget {
  const {env} = context
  let token: Promise<HubToken | undefined> | undefined
  return {
    endpoint: endpointOf(settings.endpoint ?? (env.HF_ENDPOINT || DEFAULT_ENDPOINT)),
    isOffline: /^(1|on|yes|true)$/i.test(env.HF_HUB_OFFLINE ?? ''),
    token() {
      token ??= readToken(env, settings)
      return token
    },
  }
}

function endpointOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.search !== '' || url.hash !== '') {
    throw new OmniError('CONFIG_INVALID', `'${text}' is no address of a hub: http://host or https://host`, {
      hint: 'unset HF_ENDPOINT',
    })
  }
  if (url.username !== '' || url.password !== '') {
    throw new OmniError('CONFIG_INVALID', 'the address of the hub holds a password', {
      hint: 'put a token into HF_TOKEN',
    })
  }
  return url.href.replace(/\/+$/, '')
}

/** Settings, then HF_TOKEN, then the file that `hf auth login` writes. */
async function readToken(env: DriverContext['env'], {token}: HuggingfaceSettings): Promise<HubToken | undefined> {
  if (token?.env !== undefined) {
    const value = env[token.env]
    if (!value) throw new OmniError('CONFIG_INVALID', `$${token.env} is to hold the token of the hub, and is not set`)
    return checked(value, `$${token.env}`)
  }
  if (token?.file !== undefined) return fromFile(token.file, true)
  const direct = env.HF_TOKEN ? 'HF_TOKEN' : 'HUGGING_FACE_HUB_TOKEN'
  const value = env[direct]
  if (value) return checked(value, `$${direct}`)
  if (env.HF_TOKEN_PATH) return fromFile(env.HF_TOKEN_PATH, true)
  const home = env.HOME || homedir()
  return fromFile(join(env.HF_HOME || join(env.XDG_CACHE_HOME || join(home, '.cache'), 'huggingface'), 'token'), false)
}

const MAX_TOKEN_BYTES = 4096

async function fromFile(path: string, isWanted: boolean): Promise<HubToken | undefined> {
  try {
    const file = await open(path, 'r')
    try {
      const {bytesRead, buffer} = await file.read(Buffer.alloc(MAX_TOKEN_BYTES), 0, MAX_TOKEN_BYTES, 0)
      const text = buffer.toString('utf8', 0, bytesRead).trim()
      return text === '' ? undefined : checked(text, path)
    } finally {
      await file.close()
    }
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT' && !isWanted) return undefined
    throw new OmniError('CONFIG_INVALID', `cannot read the token of the hub in '${path}': ${reasonOf(error)}`, {
      cause: error,
    })
  }
}

/** What cannot stand in a header must not get near one; the value itself is told to nobody. */
function checked(text: string, from: string): HubToken {
  const token = text.trim()
  if (/^[\x21-\x7e]+$/.test(token)) return {token, from}
  throw new OmniError('CONFIG_INVALID', `the token in ${from} holds spaces or characters that no token has`)
}
