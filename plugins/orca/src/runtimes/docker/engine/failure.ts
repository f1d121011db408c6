import {messageOf, OmniError} from '@omni-cli/sdk'

const BRAND = Symbol.for('omni.docker-refusal')

/** A refusal of the Engine, with its status: 404 absent, 409 conflict, 304 nothing to do, 500 anything. */
export class EngineRefusal extends Error {
  readonly [BRAND] = true
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.name = 'EngineRefusal'
    this.status = status
  }
}

export const isRefusal = (error: unknown, ...statuses: number[]): error is EngineRefusal =>
  typeof error === 'object' &&
  error !== null &&
  BRAND in error &&
  (statuses.length === 0 || statuses.includes((error as EngineRefusal).status))

/** The Engine's own words about a status of 400 and above. */
export function engineFailure(status: number, body: string): EngineRefusal {
  let message = body.trim()
  try {
    const parsed: unknown = JSON.parse(body)
    if (typeof parsed === 'object' && parsed !== null && 'message' in parsed) message = String(parsed.message)
  } catch {
    // Not every answer is JSON.
  }
  return new EngineRefusal(status, message === '' ? `the Docker Engine answered ${status}` : message)
}

/** UNAVAILABLE, with what to do about it. */
export function unreachable(host: string, error: unknown): OmniError {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  const hint =
    code === 'EACCES'
      ? 'add yourself to the group docker: sudo usermod -aG docker "$USER", then log in again'
      : 'start it (systemctl start docker), or set DOCKER_HOST'
  return new OmniError('UNAVAILABLE', `the Docker Engine at ${host} does not answer: ${messageOf(error)}`, {
    hint,
    retryable: true,
    cause: error,
  })
}
