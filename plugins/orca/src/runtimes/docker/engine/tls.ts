import {readFileSync} from 'node:fs'
import type {Agent} from 'node:http'
import {type AgentOptions, Agent as HttpsAgent} from 'node:https'
import {join} from 'node:path'
import {OmniError, reasonOf} from '@omni-cli/sdk'

/** `ca.pem`, `cert.pem` and `key.pem` of a folder, as Docker names them. */
export interface TlsFiles {
  /** Absent: no certificate of ours, and the authorities of the system. */
  readonly folder?: string | undefined
  /** The Engine's certificate is not checked. */
  readonly isUnverified?: boolean | undefined
}

type Material = Pick<AgentOptions, 'ca' | 'cert' | 'key' | 'rejectUnauthorized'>

/** CONFIG_INVALID when a file cannot be read. A missing file is left out, but key and certificate only together. */
export function loadTls({folder, isUnverified = false}: TlsFiles): Material {
  const load = (name: string) => (folder === undefined ? undefined : readPem(join(folder, name)))
  const [ca, cert, key] = [load('ca.pem'), load('cert.pem'), load('key.pem')]
  if (folder !== undefined && !isUnverified && ca === undefined) throw missing(join(folder, 'ca.pem'))
  if ((cert === undefined) !== (key === undefined)) {
    throw missing(join(folder ?? '', cert === undefined ? 'cert.pem' : 'key.pem'))
  }
  return {
    ...(ca === undefined ? {} : {ca}),
    ...(cert === undefined ? {} : {cert, key}),
    rejectUnauthorized: !isUnverified,
  }
}

function readPem(path: string): Buffer | undefined {
  try {
    return readFileSync(path)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw new OmniError('CONFIG_INVALID', `cannot read '${path}': ${reasonOf(error)}`, {cause: error})
  }
}

const missing = (path: string): OmniError =>
  new OmniError('CONFIG_INVALID', `'${path}' is missing`, {hint: 'export DOCKER_CERT_PATH=FOLDER'})

export const tlsAgent = (options: AgentOptions): Agent => new HttpsAgent(options)
