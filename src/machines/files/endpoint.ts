import {OmniError} from '@omni-cli/sdk'

/** One side of a copy, as the command line says it. */
export type Endpoint =
  | {readonly type: 'stream'}
  | {readonly type: 'local'; readonly path: string}
  | {readonly type: 'machine'; readonly name: string; readonly path: string}

/** Two letters at least, so that `C:\x` is a path of Windows. */
const MACHINE_PATH = /^([A-Za-z0-9](?:[A-Za-z0-9/-]*[A-Za-z0-9])):(.*)$/s

/** `NAME:/path`, a local path, or `-`. A local name with a colon is written `./a:b`. USAGE for a path that is not absolute. */
export function parseEndpoint(text: string): Endpoint {
  if (text === '-') return {type: 'stream'}
  if (text === '') throw new OmniError('USAGE', 'a path is empty')
  const match = /^[./~]/.test(text) ? null : MACHINE_PATH.exec(text)
  if (match === null) return {type: 'local', path: text}
  const [, name = '', path = ''] = match
  if (path.startsWith('/') && !path.includes('\0')) return {type: 'machine', name, path}
  throw new OmniError('USAGE', `'${text}': a path inside is absolute`, {hint: `${name}:/${path}`})
}

export interface Owner {
  readonly uid: number
  readonly gid: number
}

/** `1000:1000` or `1000` → numbers. USAGE otherwise: names are known inside only. */
export function parseOwner(text: string): Owner {
  const [, uid, gid = uid] = /^(\d{1,10})(?::(\d{1,10}))?$/.exec(text) ?? []
  if (uid === undefined || gid === undefined) {
    throw new OmniError('USAGE', `--owner '${text}' is no UID:GID`, {hint: '--owner 1000:1000'})
  }
  return {uid: Number(uid), gid: Number(gid)}
}
