import {type ErrorCode, isAbort, isOmniError, messageOf, OmniError, redact, throwIfAborted} from '@omni-cli/sdk'
import {DOCKER_HUB, type ImageReference} from './reference.ts'

interface Cause {
  readonly pattern: RegExp
  readonly code: ErrorCode
  /** `%` is the registry. */
  readonly text: string
  readonly hint?: string | undefined
  readonly retryable?: boolean | undefined
}

/** The Engine passes on what the registry or the network said as a text; the first that fits. */
const CAUSES: readonly Cause[] = [
  {
    pattern: /toomanyrequests|too many requests|\b429\b|rate limit/i,
    code: 'UNAVAILABLE',
    text: '% limits how often one may ask (429)',
    hint: 'log in (docker login), or wait',
    retryable: true,
  },
  {
    pattern: /no matching manifest|does not match the specified platform|image operating system/i,
    code: 'NOT_FOUND',
    text: 'it has no variant for this machine',
  },
  {
    pattern: /unauthorized|authentication required|no basic auth|denied|insufficient_scope|\b40[13]\b|forbidden/i,
    code: 'UNAUTHORIZED',
    text: '% refuses the credentials, or there is no such image',
    hint: 'docker login %',
  },
  {
    pattern:
      /manifest unknown|manifest for .* not found|name unknown|repository .*not found|: not found|does not exist|no such image/i,
    code: 'NOT_FOUND',
    text: '% has no such image',
  },
  {
    pattern: /x509|certificate|tls: /i,
    code: 'UNAVAILABLE',
    text: 'the certificate of % is not trusted',
    hint: 'put its authority into /etc/docker/certs.d/%/ca.crt',
  },
  {
    pattern: /server gave HTTP response to HTTPS client/i,
    code: 'UNAVAILABLE',
    text: '% speaks plain HTTP',
    hint: "add it to 'insecure-registries' of the Docker Engine",
  },
  {
    pattern: /no such host|server misbehaving|name resolution/i,
    code: 'UNAVAILABLE',
    text: 'there is no host %',
    retryable: true,
  },
  {pattern: /connection refused/i, code: 'UNAVAILABLE', text: '% refuses the connection', retryable: true},
  {
    pattern: /timeout|deadline exceeded|Client\.Timeout/i,
    code: 'UNAVAILABLE',
    text: '% does not answer in time',
    retryable: true,
  },
  {
    pattern: /unexpected (HTTP )?status|\b50\d\b|internal server error|bad gateway|unknown: unknown error/i,
    code: 'UNAVAILABLE',
    text: '% answers with an error of its own',
    retryable: true,
  },
  {
    pattern: /EOF|connection reset|broken pipe/i,
    code: 'UNAVAILABLE',
    text: '% broke off the connection',
    retryable: true,
  },
  {pattern: /no space left/i, code: 'IO', text: 'the disk of the Docker Engine is full', hint: 'docker system df'},
]

/** A failed pull or push as an error of ours: what failed, on what, why, and the Engine's own words. */
export function imageError(act: 'pull' | 'push', image: string, reference: ImageReference, error: unknown): OmniError {
  if (isOmniError(error)) return error
  const words = redact(messageOf(error)).replace(/\s+/g, ' ').trim()
  const cause = CAUSES.find(({pattern}) => pattern.test(words))
  const host = reference.registry === DOCKER_HUB ? 'Docker Hub' : reference.registry
  const why = cause === undefined ? words : `${fill(cause.text, host)} (${short(words)})`
  return new OmniError(cause?.code ?? 'UNAVAILABLE', `cannot ${act} '${image}': ${why}`, {
    hint: cause?.hint === undefined ? undefined : fill(cause.hint, host === 'Docker Hub' ? '' : host).trim(),
    retryable: cause?.retryable,
    cause: error,
  })
}

/** Passes on an abort as such, whatever it looks like by then. */
export function throwAbort(error: unknown, signal: AbortSignal | undefined): void {
  throwIfAborted(signal)
  if (isAbort(error)) throw error
}

const fill = (text: string, host: string): string => text.replaceAll('%', () => host)
const short = (text: string): string => (text.length <= 300 ? text : `${text.slice(0, 299)}…`)
