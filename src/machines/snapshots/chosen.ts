import {type CallOptions, OmniError} from '@omni-cli/sdk'
import type {Session} from '@omni-cli/sdk/cli'
import {chooseMachine, chooseMachines} from '../choose.ts'
import type {Machine} from '../workload.ts'
import {requireGroup, type SnapshotGroup} from './manifest.ts'
import {machinesWith} from './take.ts'

/** Snapshots that are there, each with its machine. */
export interface ChosenSnapshots {
  readonly snapshot: string
  readonly machines: readonly Machine[]
  /** Machines of the group that were left out: they are gone, or their snapshot is. */
  readonly missing: readonly string[]
  /** When they were taken together. */
  readonly group: SnapshotGroup | undefined
}

/**
 * `GROUP`, or `NAME SNAPSHOT`. NOT_FOUND unless all of it is there, USAGE for other words. With `mayMiss` the snapshots
 * and machines of a group that are gone are left out; it means nothing for a snapshot that is named.
 */
export async function chooseSnapshots(
  session: Session,
  words: readonly string[],
  options: CallOptions & {readonly mayMiss?: boolean | undefined},
): Promise<ChosenSnapshots> {
  const {mayMiss = false, signal} = options
  const snapshot = words.at(-1)
  if (snapshot === undefined || words.length > 3) {
    throw new OmniError('USAGE', 'name a group, or an instance and its snapshot', {hint: 'omni snapshot list'})
  }
  const group = words.length === 1 ? await requireGroup(session, snapshot) : undefined
  const all =
    group === undefined
      ? [await chooseMachine(session, words.slice(0, -1), {signal})]
      : await machinesOf(session, group, {signal, mayMiss})
  const machines = await machinesWith(all, snapshot, {signal})
  const missing = all.filter((machine) => !machines.includes(machine))
  if (missing.length > 0 && (group === undefined || !mayMiss)) {
    throw new OmniError('NOT_FOUND', missing.map(({name}) => `'${name}' has no snapshot '${snapshot}'`).join('\n'), {
      hint: `omni snapshot list ${missing[0]?.name ?? ''}`,
      details: {missing: missing.map(({name}) => name)},
    })
  }
  const found = new Set(machines.map(({name}) => name))
  const members = group?.members.map(({instance}) => instance) ?? []
  return {snapshot, machines, missing: members.filter((name) => !found.has(name)), group}
}

async function machinesOf(
  session: Session,
  group: SnapshotGroup,
  {mayMiss, signal}: CallOptions & {readonly mayMiss: boolean},
): Promise<Machine[]> {
  const {name: provider} = await session.open('instance')
  if (provider !== group.provider) {
    throw new OmniError('CONFLICT', `the group '${group.name}' is of '${group.provider}', not of '${provider}'`, {
      hint: `the same command with --provider ${group.provider}`,
    })
  }
  const members = new Set(group.members.map(({instance}) => instance))
  if (members.size === 0) return []
  const words = [...members].map((instance) => `instance/${instance}`)
  if (!mayMiss) return chooseMachines(session, {words}, {signal})
  const machines = await chooseMachines(session, {words: [], all: true}, {signal})
  return machines.filter(({name}) => members.has(name))
}
