import {type CallOptions, type InstanceProvider, isAbort, OmniError} from '@omni-cli/sdk'
import type {Session} from '@omni-cli/sdk/cli'
import {changeMemory, type MovedMachine, readMemory} from './recover-memory.ts'

/** A machine with two homes, and the other one. */
export interface SplitMachine extends MovedMachine {
  readonly other: string
}

/**
 * Machines of a driver that a fail-over made and that the other home has as well, or does not tell: split brain. A note of
 * one that is gone there is forgotten. The old home does not count while it is silent.
 */
export async function splitBrain(
  session: Session,
  provider: Pick<InstanceProvider, 'name'>,
  options: CallOptions = {},
): Promise<ReadonlyMap<string, SplitMachine>> {
  const {moved} = await readMemory(session)
  const noted = moved
    .filter(({from, to}) => from === provider.name || to === provider.name)
    .map((one): SplitMachine => ({...one, other: one.to === provider.name ? one.from : one.to}))
  const split = new Map<string, SplitMachine>()
  for (const other of new Set(noted.map((one) => one.other))) {
    const names = await namesAt(session, other, options)
    for (const one of noted.filter((entry) => entry.other === other)) {
      if (names?.has(one.name) ?? other === one.to) split.set(one.name, one)
      else if (names !== undefined) await forget(session, one)
    }
  }
  return split
}

/** Names of the machines of a driver; undefined while it does not tell. */
export async function namesAt(
  session: Session,
  id: string,
  {signal}: CallOptions,
): Promise<ReadonlySet<string> | undefined> {
  try {
    const provider = await session.open('instance', id)
    return new Set((await provider.list({signal})).map(({name}) => name))
  } catch (error) {
    if (isAbort(error)) throw error
    return undefined
  }
}

const forget = (session: Session, gone: MovedMachine): Promise<void> =>
  changeMemory(session, (memory) => ({
    ...memory,
    moved: memory.moved.filter(({name, to}) => name !== gone.name || to !== gone.to),
  }))

/** CONFLICT, with the way out, when an apply is about machines that have two homes. */
export async function refuseSplit(
  session: Session,
  provider: Pick<InstanceProvider, 'name'>,
  names: readonly string[],
  options: CallOptions = {},
): Promise<void> {
  const split = await splitBrain(session, provider, options)
  const both = names.flatMap((name) => split.get(name) ?? [])
  const [first] = both
  if (first === undefined) return
  const refs = both.map(({name}) => `instance/${name}`).join(' ')
  throw new OmniError(
    'CONFLICT',
    ['these machines have two homes:', ...both.map((one) => `${one.name}: ${splitText(one)}`)].join('\n'),
    {
      hint: [
        `to keep those of ${provider.name}: omni delete ${refs} --provider ${first.other}`,
        `to keep those of ${first.other}: omni switch ${first.other}, and delete these`,
      ].join('\n'),
      details: {split: both},
    },
  )
}

/** For a person, without its name. */
export const splitText = ({to, from, at}: SplitMachine): string =>
  `split brain: made anew at ${to} on ${at}, and ${from} has it too`
