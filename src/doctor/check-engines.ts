import {isOmniError, messageOf, type ServiceEngine} from '@omni-cli/sdk'
import {type Check, type Finding, fine} from './finding.ts'

const PATIENCE_MS = 5_000

/** Each driver of services and machines: can it be loaded, does its backend answer. */
export const checkEngines: Check = async ({session, signal}) => {
  const opened = await session().catch(() => undefined)
  // A wrong configuration is told by its own check.
  if (opened === undefined) return []
  const found = await Promise.all([opened.openAll('service'), opened.openAll('instance')])
  return Promise.all(
    found.flat().map(({contribution, provider}) => {
      const subject = `provider ${contribution.id}`
      return provider instanceof Error ? failed(subject, provider) : checkProvider(subject, provider, signal)
    }),
  )
}

async function checkProvider(
  subject: string,
  {check}: Pick<ServiceEngine, 'check'>,
  signal: AbortSignal,
): Promise<Finding> {
  try {
    const health = await check({signal: AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)])})
    const message = [health.version, health.message].filter((part) => part !== undefined && part !== '').join(', ')
    if (health.ok) return fine(subject, message === '' ? 'answers' : message)
    return {subject, status: 'warning', message: message === '' ? 'does not answer' : message, fix: health.hint}
  } catch (error) {
    return failed(subject, error)
  }
}

/** What is not on this machine at all is nothing to mend: the context that needs it has a finding of its own. */
const failed = (subject: string, error: unknown): Finding => ({
  subject,
  status: isOmniError(error) && error.code === 'NOT_FOUND' ? 'warning' : 'error',
  message: messageOf(error),
  fix: isOmniError(error) ? error.hint : undefined,
})
