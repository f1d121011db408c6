import {type ErrorCode, type ExecResult, escapeTerminal, OmniError, redact} from '@omni-cli/sdk'

interface Rule {
  readonly when: RegExp
  readonly code: ErrorCode
  readonly hint?: string | undefined
  readonly retryable?: boolean | undefined
}

/** The first that fits. The exit status says little: nearly everything that the daemon refuses is 2. */
const RULES: readonly Rule[] = [
  {
    when: /cannot connect to the multipass socket|failed to connect|connection refused.*socket/i,
    code: 'UNAVAILABLE',
    hint: 'start the daemon of Multipass: sudo snap start multipass',
    retryable: true,
  },
  {
    when: /not authenticated|please authenticate|unauthenticated/i,
    code: 'UNAUTHORIZED',
    hint: 'multipass authenticate',
  },
  {when: /timed out waiting/i, code: 'TIMEOUT', retryable: true},
  {when: /ssh (connection )?failed|ssh session/i, code: 'UNAVAILABLE', retryable: true},
  {when: /is being prepared|is not running/i, code: 'CONFLICT', retryable: true},
  {when: /already exists|already mounted/i, code: 'CONFLICT'},
  {when: /must be stopped|stopped instances/i, code: 'CONFLICT'},
  {when: /not implemented on this backend|not supported/i, code: 'UNSUPPORTED'},
  {when: /remote ".*" is unknown|unable to find an image/i, code: 'NOT_FOUND', hint: 'multipass find'},
  {when: /cloud-init config/i, code: 'MANIFEST_INVALID'},
  {
    when: /below minimum|invalid (memory|disk)|not a valid memory|only be expanded|less than minimum/i,
    code: 'MANIFEST_INVALID',
  },
  {when: /mounts are disabled/i, code: 'UNSUPPORTED', hint: 'multipass set local.privileged-mounts=true'},
  {when: /is deleted|does not exist|no such (instance|snapshot|file)/i, code: 'NOT_FOUND'},
  {when: /permission denied/i, code: 'UNAUTHORIZED'},
  {when: /failed to download|network timeout/i, code: 'UNAVAILABLE', retryable: true},
  {when: /no space left|cannot allocate memory/i, code: 'IO'},
  {when: /unknown (option|command)/i, code: 'UNSUPPORTED', hint: 'multipass version'},
]

/** Exit statuses with a meaning of their own. */
const BY_EXIT: Readonly<Record<number, ErrorCode>> = {3: 'UNAVAILABLE', 5: 'TIMEOUT'}

/** The error that a failed command stands for, in one line that is safe to print. */
export function failureOf({exitCode, stderr}: Pick<ExecResult, 'exitCode' | 'stderr'>): OmniError {
  const text = textOf(stderr) || `multipass ended with ${exitCode}`
  const rule = RULES.find(({when}) => when.test(text))
  return new OmniError(rule?.code ?? BY_EXIT[exitCode] ?? 'UNAVAILABLE', text, {
    hint: rule?.hint,
    retryable: rule?.retryable,
  })
}

/** `launch failed: The following errors occurred:` and lines → the lines; the same line twice is told once. */
function textOf(stderr: string): string {
  const lines = stderr
    .split('\n')
    .map((line) =>
      line
        .replace(/^\w[\w-]* failed: /, '')
        .replace(/^error: /, '')
        .trim(),
    )
    .filter((line) => line !== '' && line !== 'The following errors occurred:' && line !== 'Invalid arguments supplied')
  return [...new Set(lines)]
    .map((line) => escapeTerminal(String(redact(line))))
    .join('; ')
    .slice(0, 2_000)
}

/** A launch or start that took longer than its client waits: the machine may be well. */
export const isTooSlow = ({exitCode, stderr}: Pick<ExecResult, 'exitCode' | 'stderr'>): boolean =>
  exitCode === 5 || /timed out waiting/i.test(stderr)
