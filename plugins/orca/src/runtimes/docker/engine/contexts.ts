import {createHash} from 'node:crypto'
import {existsSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {OmniError} from '@omni-cli/sdk'
import {z} from 'zod'
import type {TlsFiles} from './tls.ts'

export interface Endpoint {
  readonly host: string
  readonly tls?: TlsFiles | undefined
}

const configSchema = z.object({currentContext: z.string().optional()})
const metaSchema = z.object({
  Endpoints: z.object({docker: z.object({Host: z.string(), SkipTLSVerify: z.boolean().optional()}).optional()}),
})

/**
 * The Engine of the context that Docker's command line would use: DOCKER_CONTEXT, else the current one. Undefined for the
 * default one. CONFIG_INVALID for one that does not exist.
 */
export function contextOf(env: Readonly<Record<string, string | undefined>>): Endpoint | undefined {
  const folder = env.DOCKER_CONFIG || join(env.HOME ?? '', '.docker')
  const name = env.DOCKER_CONTEXT || currentContext(join(folder, 'config.json'))
  if (name === undefined || name === 'default') return undefined
  const key = createHash('sha256').update(name).digest('hex')
  const found = parse(join(folder, 'contexts', 'meta', key, 'meta.json'), metaSchema)?.Endpoints.docker
  if (found === undefined) {
    throw new OmniError('CONFIG_INVALID', `Docker has no context '${name}'`, {hint: 'docker context ls'})
  }
  const certificates = join(folder, 'contexts', 'tls', key, 'docker')
  const tls = existsSync(certificates) ? {folder: certificates, isUnverified: found.SkipTLSVerify ?? false} : undefined
  return {host: found.Host, ...(tls === undefined ? {} : {tls})}
}

/** A file that Docker itself could not read is not our business: then there is no current one. */
const currentContext = (file: string): string | undefined => parse(file, configSchema)?.currentContext || undefined

function parse<T>(file: string, schema: z.ZodType<T>): T | undefined {
  try {
    return schema.safeParse(JSON.parse(readFileSync(file, 'utf8'))).data
  } catch {
    return undefined
  }
}
