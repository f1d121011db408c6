import {type ErrorCode, escapeTerminal, OmniError, redact} from '@omni-cli/sdk'

/** What Incus says when something failed: by the answer itself (`status`) or by an operation (none). */
export interface IncusFailure {
  readonly text: string
  readonly status?: number | undefined
}

interface Rule {
  readonly when: RegExp
  readonly code: ErrorCode
  readonly hint?: string | undefined
  readonly retryable?: boolean | undefined
}

/** What makes a server trust us. */
export const TRUST_HINT =
  'run `incus config trust add omni` on the server and name its token in incus.trust: omni config edit'

/** The first that fits. Incus answers 500 to much that the user can fix, so that its texts tell more than its codes. */
const RULES: readonly Rule[] = [
  {
    when: /not authorized|^forbidden$/i,
    code: 'UNAUTHORIZED',
    hint: TRUST_HINT,
  },
  {
    when: /certificate is restricted|user does not have permission/i,
    code: 'UNAUTHORIZED',
    hint: 'let the certificate do more, on the server: incus config trust edit FINGERPRINT',
  },
  {
    // What is left when the server ends while it makes a machine. It never starts.
    when: /instance storage pool not found/i,
    code: 'CONFLICT',
    hint: 'the server ended while it was made; remove it, then make it anew: omni delete instance/NAME',
  },
  {when: /no space left on device|disk quota exceeded/i, code: 'IO', hint: 'free some space: incus storage list'},
  {
    when: /unable to connect to|dial tcp|connection refused|no such host/i,
    code: 'UNAVAILABLE',
    hint: 'the server of Incus cannot reach what it needs: incus remote list',
  },
  {when: /VM agent isn't currently running/i, code: 'UNAVAILABLE', retryable: true},
  {when: /(daemon|server|incus) is (starting|shutting down)|database is locked/i, code: 'UNAVAILABLE', retryable: true},
  {when: /is busy running an? /i, code: 'CONFLICT', retryable: true},
  {when: /etag doesn't match/i, code: 'CONFLICT', hint: 'run it again: it has been changed meanwhile'},
  {
    when: /unique constraint failed|already exists|already (in use|used)|is already (running|stopped|frozen|trusted)/i,
    code: 'CONFLICT',
  },
  {
    when: /currently in use|is protected|must be stopped|only empty|not allowed$|cannot be deleted|instance is (running|not running|frozen)\b/i,
    code: 'CONFLICT',
  },
  {when: /unused IPv[46] subnet/i, code: 'CONFLICT', hint: 'give the network an address: 10.20.30.1/24'},
  {when: /reached maximum|exceeds? the (project|maximum)|project limit|limit .* in project/i, code: 'CONFLICT'},
  {
    when: /not supported on this server|isn't supported|not supported|is not clustered|only allowed when clustered|executable file not found|required tool|missing the required .* (api )?extension/i,
    code: 'UNSUPPORTED',
  },
  {
    when: /invalid (config|device|value|option|name|instance name)|unknown configuration key|(no|getting) root d|has no "limits\.|limit syntax|validation for device|yaml: |cannot unmarshal|doesn't match instance type|failed (to parse|parsing)/i,
    code: 'MANIFEST_INVALID',
  },
  {
    when: /not found|doesn't exist|does not exist|couldn't be found|no such (object|file)|file does not exist|image not provided/i,
    code: 'NOT_FOUND',
  },
  {when: /context deadline exceeded|timed? ?out/i, code: 'TIMEOUT'},
]

const BY_STATUS: Readonly<Record<number, ErrorCode>> = {
  400: 'USAGE',
  401: 'UNAUTHORIZED',
  403: 'UNAUTHORIZED',
  404: 'NOT_FOUND',
  409: 'CONFLICT',
  412: 'CONFLICT',
  501: 'UNSUPPORTED',
}

/** The error that a failure of Incus stands for. Its text is made safe to print and holds no secret. */
export function failureOf({text, status}: IncusFailure): OmniError {
  const shown =
    escapeTerminal(String(redact(text.trim()))).slice(0, 2_000) || `the server answered ${status ?? 'nothing'}`
  const rule = RULES.find(({when}) => when.test(text))
  const sure = status === 404 || status === 412 ? BY_STATUS[status] : undefined
  const code = sure ?? rule?.code ?? BY_STATUS[status ?? 0] ?? 'UNAVAILABLE'
  const hint = rule?.code === code ? rule.hint : undefined
  // Tells a server that fails from one that is silent.
  const details = code === 'UNAVAILABLE' && status !== undefined ? {status} : undefined
  return new OmniError(code, shown, {hint, retryable: rule?.retryable, details})
}
