import {isOmniError, OmniError, reasonOf, redact} from '@omni-cli/sdk'

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'the connection was cut',
  EPIPE: 'the connection was cut',
  ENOTFOUND: 'the host name is not known',
  EAI_AGAIN: 'the host name cannot be looked up',
  ETIMEDOUT: 'the connection timed out',
  EHOSTUNREACH: 'there is no route to the host',
  ENETUNREACH: 'there is no network',
  HPE_INVALID_CONSTANT: 'it does not speak HTTP',
  EPROTO: 'it does not speak TLS',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak TLS',
  ERR_PROXY_TUNNEL: 'the proxy does not let us through',
}

/** What is wrong with trust, and the key of the kubeconfig that settles it. */
const TRUST: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed; its authority belongs in certificate-authority',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is from an unknown authority; that belongs in certificate-authority',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    'its certificate is from an unknown authority; that belongs in certificate-authority',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    'its certificate is from an unknown authority; that belongs in certificate-authority',
  CERT_SIGNATURE_FAILURE: 'its certificate is not from the known authority',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet; or the clock of this machine is wrong',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host; tls-server-name names it',
}

/** What servers say in TLS itself of the client's certificate. */
function refusedTrust(code: string): string | undefined {
  const alert = /^ERR_SSL_\w*ALERT_(\w*CERTIFICATE\w*|UNKNOWN_CA)$/.exec(code)?.[1]
  if (alert === undefined) return undefined
  if (alert === 'CERTIFICATE_REQUIRED') return 'it wants a client certificate, and the user of the kubeconfig has none'
  const why = alert === 'CERTIFICATE_EXPIRED' ? ': it has expired' : ''
  return `it does not accept the client certificate of the kubeconfig${why}`
}

/** Of the lines of OpenSSL, the part that is for people. */
const wordsOf = (error: unknown): string => {
  const text = reasonOf(error)
  return /:SSL routines:[^:]*:([^:\n]+)/.exec(text)?.[1] ?? text
}

const codeOf = (error: unknown): string => (error instanceof Error && 'code' in error ? String(error.code) : '')

/** A failure of the network or of TLS, for a person: UNAVAILABLE, and UNAUTHORIZED where trust is what lacks. */
export function connectionFailure(server: string, error: unknown): OmniError {
  if (isOmniError(error)) return error
  const code = codeOf(error)
  const trust = TRUST[code] ?? refusedTrust(code)
  const reason = trust ?? REASONS[code] ?? wordsOf(error)
  return new OmniError(
    trust === undefined ? 'UNAVAILABLE' : 'UNAUTHORIZED',
    `the API server at ${redact(server)} does not answer: ${redact(reason)}`,
    {hint: 'omni cluster health', cause: error, retryable: trust === undefined},
  )
}
