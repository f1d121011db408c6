import {type CallOptions, type InstanceProvider, type InstanceSpec, OmniError} from '@omni-cli/sdk'
import type {Session} from '@omni-cli/sdk/cli'
import {chooseMoves} from './failover-decide.ts'
import {namesAt} from './failover-split.ts'
import {changeMemory, type MovedMachine, readMemory} from './recover-memory.ts'

/** A machine that a fail-over did not make anew, and why it still may not be. */
export interface LeftMachine extends MovedMachine {
  readonly reason: string
}

/**
 * Machines of a plan that a fail-over to this driver left where they were: made here they would be empty. One that is gone
 * there is forgotten; one whose plan says by now that it holds no data is none of them.
 */
export async function leftElsewhere(
  session: Session,
  provider: Pick<InstanceProvider, 'name'>,
  specs: readonly InstanceSpec[],
  options: CallOptions = {},
): Promise<ReadonlyMap<string, LeftMachine>> {
  const {left} = await readMemory(session)
  const reasons = new Map(chooseMoves(specs).left.map(({name, reason}) => [name, reason]))
  const noted = left.flatMap((one): LeftMachine[] => {
    const reason = one.to === provider.name ? reasons.get(one.name) : undefined
    return reason === undefined ? [] : [{...one, reason}]
  })
  const found = new Map<string, LeftMachine>()
  for (const from of new Set(noted.map((one) => one.from))) {
    const names = await namesAt(session, from, options)
    for (const one of noted.filter((entry) => entry.from === from)) {
      if (names?.has(one.name) ?? true) found.set(one.name, one)
      else
        await changeMemory(session, (memory) => ({...memory, left: memory.left.filter((other) => !isSame(other, one))}))
    }
  }
  return found
}

const isSame = (one: MovedMachine, other: MovedMachine): boolean => one.name === other.name && one.to === other.to

/** CONFLICT, with the ways out, when an apply would make machines that a fail-over left elsewhere. */
export async function refuseLeft(
  session: Session,
  provider: Pick<InstanceProvider, 'name'>,
  {specs, creates}: {readonly specs: readonly InstanceSpec[]; readonly creates: readonly string[]},
  options: CallOptions = {},
): Promise<void> {
  if (creates.length === 0) return
  const known = await leftElsewhere(session, provider, specs, options)
  const left = creates.flatMap((name) => known.get(name) ?? [])
  const [first] = left
  if (first === undefined) return
  throw new OmniError(
    'CONFLICT',
    [
      `made at ${provider.name} these machines would be empty:`,
      ...left.map((one) => `${one.name}: ${leftText(one)}`),
    ].join('\n'),
    {
      hint: [
        `to go on with those of ${first.from}: omni switch ${first.from}`,
        'to go on without them: take them out of the plan; `failover: recreate` there says that one holds no data',
      ].join('\n'),
      details: {left},
    },
  )
}

/** What is made here on a person's word has two homes from now on, if the first one comes back. */
export async function noteMade(
  session: Session,
  provider: Pick<InstanceProvider, 'name'>,
  creates: readonly string[],
): Promise<void> {
  const isMade = ({name, to}: MovedMachine) => to === provider.name && creates.includes(name)
  const at = new Date().toISOString()
  await changeMemory(session, (memory) => {
    const made = memory.left.filter(isMade)
    if (made.length === 0) return memory
    return {
      ...memory,
      left: memory.left.filter((one) => !isMade(one)),
      moved: [...memory.moved.filter((one) => !isMade(one)), ...made.map((one) => ({...one, at}))],
    }
  })
}

/** For a person, without its name. */
export const leftText = ({from, at, reason}: LeftMachine): string => `left at ${from} on ${at}: it ${reason}`
