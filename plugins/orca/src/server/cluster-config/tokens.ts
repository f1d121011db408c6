import {OmniError} from '@omni-cli/sdk'
import {referencesIn} from '../../secrets/reference.ts'
import type {ExtraToken} from '../api/auth.ts'
import type {SecretResolver} from '../secrets/secrets.ts'
import {tokenDigest} from '../store/tokens.ts'
import type {ClusterFile} from './schema.ts'

/** Below this a token can be guessed over the network. */
const LEAST_LENGTH = 8
/** Below this somebody who can try often may find it. */
export const GOOD_LENGTH = 20

const COMMON =
  /^(password|passwort|changeme|change-me|secret|admin|token|default|example|test|qwerty|letmein|orca)[\d!.]*$/i

/** Why the text cannot be a token, or undefined. Says nothing of the text itself. */
export function tokenProblem(value: string): string | undefined {
  if (value.trim() === '') return 'the token is empty'
  if (referencesIn(value).length > 0) return undefined
  if (!/^[\x21-\x7e]+$/.test(value)) return 'a token has only visible ASCII characters, no spaces'
  if (value.length < LEAST_LENGTH)
    return `the token is too short: it has at least ${LEAST_LENGTH} characters, better 32`
  const isWeak = new Set(value).size < 4 || COMMON.test(value)
  return isWeak ? 'the token can be guessed; take a random one: openssl rand -hex 32' : undefined
}

/** A token that the file gives, its secret as it is written. */
export interface FileToken {
  readonly name: string
  readonly value: string
  readonly role: ExtraToken['role']
}

/** Orca's old list has no names and is for admins; of `[[token]]`, one without a role is an admin's, too. */
export const tokensOf = ({api_tokens, token}: Pick<ClusterFile, 'api_tokens' | 'token'>): FileToken[] => [
  ...api_tokens.map((value, index) => ({name: `api_tokens[${index}]`, value, role: 'admin' as const})),
  ...token.map(({name, value, role = 'admin'}) => ({name, value, role})),
]

/**
 * Digests of the tokens, references to secrets filled in. CONFIG_INVALID for a secret that is not set, or that makes no
 * token.
 */
export function extraTokens(tokens: readonly FileToken[], secrets: SecretResolver): ExtraToken[] {
  const missing = tokens.flatMap(({name, value}) =>
    secrets.missing({value}, undefined).map((reference) => `token '${name}' needs the secret '${reference}'`),
  )
  if (missing.length > 0) {
    throw new OmniError('CONFIG_INVALID', `${missing.join('; ')}, which is not set`, {
      hint: 'start without the file, set it with omni secrets set KEY, and start again with it',
    })
  }
  return tokens.map(({name, value, role}) => {
    const secret = secrets.resolve({value}, undefined).value ?? ''
    const problem = tokenProblem(secret)
    if (problem !== undefined) throw new OmniError('CONFIG_INVALID', `token '${name}': ${problem}`)
    return {name, role, digest: tokenDigest(secret)}
  })
}
