import {isOmniError} from '@omni-cli/sdk'

/**
 * What of several looks this user may have: who may only see applications is not kept from them by models. Undefined for what
 * is FORBIDDEN; rejects when all are, and for any other reason.
 */
export async function visible<T>(looks: readonly Promise<T>[]): Promise<(T | undefined)[]> {
  const outcomes = await Promise.allSettled(looks)
  const rejected = outcomes.filter((outcome) => outcome.status === 'rejected')
  const serious = rejected.find(({reason}) => !isOmniError(reason) || reason.code !== 'FORBIDDEN')
  if (serious !== undefined) throw serious.reason
  if (rejected.length > 0 && rejected.length === outcomes.length) throw rejected[0]?.reason
  return outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value : undefined))
}
