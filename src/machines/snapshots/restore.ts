import {type CallOptions, nameProblem, OmniError, requireFacet} from '@omni-cli/sdk'
import type {Progress, Session} from '@omni-cli/sdk/cli'
import {locked} from '../../apply/run.ts'
import {actOnEach} from '../../apps/act.ts'
import {type Machine, machineOf} from '../workload.ts'
import type {ChosenSnapshots} from './chosen.ts'

const AT_ONCE = 8

export interface RestoreNames {
  /** New machines are called NAME-SUFFIX; those there stay as they are. */
  readonly suffix?: string | undefined
  /** Name of the new machine, for one snapshot. */
  readonly to?: string | undefined
}

/** A machine, and the name of the new one that its snapshot becomes; without one it goes back itself. */
export interface RestoreStep {
  readonly machine: Machine
  readonly to: string | undefined
}

/**
 * What is to be done. CONFLICT for a group that is not whole unless `allowPartial`, and for new names that are taken;
 * USAGE for names that cannot be; NOT_FOUND when nothing of the group is left.
 */
export async function planRestore(
  {machines, group}: ChosenSnapshots,
  names: RestoreNames & {readonly allowPartial: boolean},
  options: CallOptions,
): Promise<RestoreStep[]> {
  if (group?.status === 'partial' && !names.allowPartial) {
    const have = group.members.map(({instance}) => instance)
    const missing = group.wanted.filter((name) => !have.includes(name)).join(', ')
    throw new OmniError('CONFLICT', `the group '${group.name}' is not whole: ${missing} failed`, {
      hint: 'the same command with --partial restores the rest',
    })
  }
  if (group !== undefined && machines.length === 0) {
    throw new OmniError('NOT_FOUND', `nothing of the group '${group.name}' is left`, {
      hint: `omni snapshot delete ${group.name}`,
    })
  }
  const steps = machines.map((machine) => ({machine, to: newName(machine.name, machines.length, names)}))
  const problems = await Promise.all(steps.map((step) => problemOf(step, options)))
  const found = problems.filter((problem) => problem !== undefined)
  if (found.length > 0) throw new OmniError('CONFLICT', found.join('\n'))
  return steps
}

function newName(name: string, count: number, {suffix, to}: RestoreNames): string | undefined {
  if (to !== undefined && suffix !== undefined) throw new OmniError('USAGE', 'give one of --to and --as')
  if (to !== undefined && count > 1) {
    throw new OmniError('USAGE', '--to names one machine, and the group has several', {hint: '--as SUFFIX'})
  }
  const wanted = to ?? (suffix === undefined ? undefined : `${name}-${suffix}`)
  const problem = wanted === undefined ? undefined : nameProblem(wanted)
  if (problem !== undefined) throw new OmniError('USAGE', `'${wanted}' cannot be the name of an instance: ${problem}`)
  return wanted
}

async function problemOf({machine, to}: RestoreStep, options: CallOptions): Promise<string | undefined> {
  const {driver, name, state} = machine
  if (to === undefined) return undefined
  if (requireFacet(driver, 'copies').needsStop === true && state.status !== 'stopped') {
    return `'${name}' must be stopped to become another one (omni stop ${name})`
  }
  return (await driver.get(to, options)) === undefined ? undefined : `there is an instance '${to}' already`
}

export interface RestoreOptions {
  readonly progress: Progress
  readonly signal: AbortSignal
}

/**
 * Restores all of them; resolves with the machines as they are then. PARTIAL when some failed, LOCKED while another
 * command is at work in this context.
 */
export function restoreSnapshots(
  session: Session,
  {snapshot, steps}: {readonly snapshot: string; readonly steps: readonly RestoreStep[]},
  {progress, signal}: RestoreOptions,
): Promise<Machine[]> {
  const nameOf = ({to, machine}: RestoreStep): string => to ?? machine.name
  const restore = (step: RestoreStep): Promise<Machine> =>
    progress.step(`restore ${nameOf(step)}`, (display) =>
      restoreOne(step, snapshot, {signal, onProgress: (note) => display.note(note)}),
    )
  return locked(session, 'omni snapshot restore', () =>
    actOnEach(new Map(steps.map((step) => [nameOf(step), step])), restore, AT_ONCE),
  )
}

async function restoreOne({machine, to}: RestoreStep, snapshot: string, call: CallOptions): Promise<Machine> {
  const {driver, name} = machine
  if (to !== undefined)
    return machineOf(driver, await requireFacet(driver, 'copies').copy(name, to, {...call, snapshot}))
  await requireFacet(driver, 'snapshots').restore(name, snapshot, call)
  const after = await driver.get(name, call)
  if (after === undefined) throw new OmniError('NOT_FOUND', `'${name}' is gone`, {hint: 'omni get instances'})
  return machineOf(driver, after)
}
