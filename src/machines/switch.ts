import {type CallOptions, guess, type InstanceProvider, isAbort, messageOf, OmniError} from '@omni-cli/sdk'
import type {Session} from '@omni-cli/sdk/cli'
import {writeContext} from '../init/write-context.ts'
import {refusalsOf, refusedText} from './switch-refusals.ts'

export interface SwitchOptions extends CallOptions {
  /** Also when it does not answer, or would refuse something of the plan. */
  readonly force: boolean
  /** Files of a plan that the new driver shall be able to honour. */
  readonly plan?: readonly string[] | undefined
}

export interface Switched {
  readonly context: string
  readonly provider: string
  /** The driver before; absent: none was named. */
  readonly from?: string | undefined
  /** False: it was the one already. */
  readonly changed: boolean
  /** How many machines stay at the driver before; absent: nobody can tell. */
  readonly left?: number | undefined
  /** What the new driver does not honour of the plan, in lines; only with `force` not empty. */
  readonly refused: readonly string[]
  /** Why it does not answer; only with `force`. */
  readonly problem?: string | undefined
}

/**
 * Makes a driver the one of machines in the context in force; comments of the configuration stay. Machines stay where they
 * are: nothing is moved, made or removed. NOT_FOUND, UNAVAILABLE, and UNSUPPORTED with all that the plan asks too much.
 */
export async function switchProvider(session: Session, id: string, options: SwitchOptions): Promise<Switched> {
  const ids = session.contributions.filter(({kind}) => kind === 'instance').map((entry) => entry.id)
  if (!ids.includes(id)) {
    throw new OmniError('NOT_FOUND', `there is no instance provider '${id}'${guess(id, ids)}`, {
      hint: 'omni provider list',
    })
  }
  const provider = await session.open('instance', id)
  const problem = await problemOf(provider, options)
  if (problem !== undefined && !options.force) throw problem
  const refused =
    options.plan === undefined || problem !== undefined ? [] : await refusalsOf(provider, options.plan, options)
  if (refused.length > 0 && !options.force) {
    throw new OmniError('UNSUPPORTED', `'${id}' cannot honour the plan\n${refused.map(refusedText).join('\n')}`, {
      hint: `change the plan, or: omni switch ${id} --force`,
      details: {refused},
    })
  }
  const from = session.context.providers?.instances
  const left = from === undefined || from === id ? undefined : await countAt(session, from, options)
  const {name} = session.context
  const isWritten = session.config.contexts.some((context) => context.name === name)
  const change = await writeContext(session.home, {name, settings: {providers: {instances: id}}, use: !isWritten})
  return {
    context: name,
    provider: id,
    from,
    changed: change.created || change.changed.length > 0,
    left,
    refused: refused.map(refusedText),
    problem: problem?.message,
  }
}

/** Why the driver cannot be used now. */
async function problemOf(provider: InstanceProvider, {signal}: CallOptions): Promise<OmniError | undefined> {
  try {
    const health = await provider.check({signal})
    if (health.ok) return undefined
    return new OmniError(
      'UNAVAILABLE',
      `'${provider.name}' cannot be used: ${health.message ?? 'it does not answer'}`,
      {
        hint: health.hint ?? `omni init --instances ${provider.name}`,
      },
    )
  } catch (error) {
    if (isAbort(error)) throw error
    return new OmniError('UNAVAILABLE', `'${provider.name}' cannot be used: ${messageOf(error)}`, {
      hint: `omni init --instances ${provider.name}`,
      cause: error,
    })
  }
}

/** Machines at the driver in force; undefined where nobody can tell. */
async function countAt(session: Session, from: string, {signal}: CallOptions): Promise<number | undefined> {
  try {
    const before = await session.open('instance', from)
    return (await before.list({signal})).length
  } catch (error) {
    if (isAbort(error)) throw error
    return undefined
  }
}
