import {readFile} from 'node:fs/promises'
import {type CallOptions, OmniError, reasonOf} from '@omni-cli/sdk'
import type {Credentials} from '../transport.ts'
import type {Material, UserEntry} from './kubeconfig.ts'

export type CredentialSource = (options: CallOptions & {readonly fresh: boolean}) => Promise<Credentials>

/** A token that is renewed in its file is read again after this. */
const TOKEN_FILE_MS = 60_000

/** Text of a file that is named in a kubeconfig. CONFIG_INVALID when it cannot be read. */
export async function readMaterial(material: Material | undefined, what: string): Promise<string | undefined> {
  if (material?.text !== undefined || material?.file === undefined) return material?.text
  return readFile(material.file, 'utf8').catch((error: unknown) => {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    const reason = isMissing ? 'is not there' : `cannot be read: ${reasonOf(error)}`
    const message = `the kubeconfig names '${material.file}' as ${what}, which ${reason}`
    throw new OmniError('CONFIG_INVALID', message, {cause: error})
  })
}

/**
 * Who a user is, for every request. A token file is read again, a program is run again when what it gave is over.
 * @param run runs the program of a user that has one
 */
export function credentialsOf(user: UserEntry, run: CredentialSource | undefined): CredentialSource {
  if (user.authProvider !== undefined && user.exec === undefined && user.token === undefined) {
    throw new OmniError('UNSUPPORTED', `the auth-provider '${user.authProvider}' is no more a part of Kubernetes`, {
      hint: 'let the vendor write the kubeconfig anew: it then names a program (exec)',
    })
  }
  let certificate: Promise<Pick<Credentials, 'cert' | 'key'>> | undefined
  const readCertificate = async () => ({
    cert: await readMaterial(user.cert, 'client-certificate'),
    key: await readMaterial(user.key, 'client-key'),
  })
  const header = headerOf(user)
  return async (options) => {
    certificate ??= readCertificate()
    const own = {...(await certificate), headers: await header(options.fresh)}
    // As kubectl: what the user entry itself says goes before what its program prints.
    if (run === undefined || 'authorization' in own.headers) return own
    const printed = await run(options)
    return {
      headers: {...own.headers, ...printed.headers},
      cert: printed.cert ?? own.cert,
      key: printed.key ?? own.key,
    }
  }
}

function headerOf(user: UserEntry): (fresh: boolean) => Promise<Readonly<Record<string, string>>> {
  const {token, tokenFile, username, password, headers} = user
  if (tokenFile !== undefined) {
    let known: {readonly token: string; readonly until: number} | undefined
    return async (fresh) => {
      if (fresh || known === undefined || known.until < Date.now()) {
        const read = (await readMaterial({file: tokenFile}, 'tokenFile'))?.trim() ?? ''
        known = {token: read, until: Date.now() + TOKEN_FILE_MS}
      }
      return {...headers, authorization: `Bearer ${known.token}`}
    }
  }
  if (token !== undefined) return async () => ({...headers, authorization: `Bearer ${token}`})
  if (username === undefined) return async () => headers
  const basic = Buffer.from(`${username}:${password ?? ''}`).toString('base64')
  return async () => ({...headers, authorization: `Basic ${basic}`})
}
