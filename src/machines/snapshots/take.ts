import {
  type CallOptions,
  mapLimit,
  OmniError,
  requireFacet,
  type SnapshotInfo,
  type SnapshotOptions,
} from '@omni-cli/sdk'
import type {Progress, Session} from '@omni-cli/sdk/cli'
import {locked} from '../../apply/run.ts'
import {actOnEach} from '../../apps/act.ts'
import type {Machine} from '../workload.ts'
import {
  beginGroup,
  findGroup,
  type GroupMember,
  removeGroup,
  type SnapshotGroup,
  specHash,
  writeGroup,
} from './manifest.ts'
import {stampedName} from './name.ts'

const AT_ONCE = 8

export interface TakeRequest {
  readonly machines: readonly Machine[]
  /** Default: a name with the time. */
  readonly name?: string | undefined
  /** A manifest keeps them together. */
  readonly isGroup: boolean
  /** Removed by the backend after this time, in milliseconds. */
  readonly expiresMs?: number | undefined
  /** A machine may be stopped and started where its backend cannot do it otherwise. */
  readonly allowStop: boolean
  readonly progress: Progress
  readonly signal: AbortSignal
}

/**
 * Takes a snapshot of each. Everything that can be known before is refused before: CONFLICT for names that are taken
 * and machines that would have to stop, UNSUPPORTED; LOCKED while another command is at work in this context. PARTIAL
 * when some failed; the group is marked so then.
 */
export function takeSnapshots(session: Session, request: TakeRequest): Promise<SnapshotGroup> {
  return locked(session, 'omni snapshot', () => take(session, request))
}

async function take(session: Session, request: TakeRequest): Promise<SnapshotGroup> {
  const {machines, expiresMs, isGroup} = request
  const now = new Date()
  const name = request.name ?? stampedName(now)
  const [first] = machines
  if (first === undefined) throw new OmniError('NOT_FOUND', 'there are no instances', {hint: 'omni get instances'})
  await refuse(session, name, request)
  const wanted: SnapshotGroup = {
    ...{version: 1, name, provider: first.driver.name, createdAt: now.toISOString(), status: 'partial'},
    ...(expiresMs === undefined ? {} : {expiresAt: expiryOf(now, expiresMs)}),
    ...{wanted: machines.map((machine) => machine.name), members: []},
  }
  const empty = isGroup ? await begin(session, wanted, request) : wanted
  const members: GroupMember[] = []
  try {
    await takeAll(empty, request, members)
  } catch (error) {
    if (isGroup && members.length === 0) await removeGroup(session, empty.name)
    if (isGroup && members.length > 0) await writeGroup(session, {...empty, members})
    throw error
  }
  const done: SnapshotGroup = {...empty, status: 'complete', members}
  if (isGroup) await writeGroup(session, done)
  return done
}

const LONGEST_MS = 100 * 365 * 86_400_000

/** USAGE for more than a hundred years, which not every backend can tell. */
function expiryOf(now: Date, expiresMs: number): string {
  if (expiresMs <= LONGEST_MS) return new Date(now.getTime() + expiresMs).toISOString()
  throw new OmniError('USAGE', 'a snapshot expires within a hundred years', {hint: 'leave out --expires to keep it'})
}

/** Two unnamed groups of the same second are still two. CONFLICT for a name that a group has. */
async function begin(session: Session, group: SnapshotGroup, request: TakeRequest): Promise<SnapshotGroup> {
  if (await beginGroup(session, group)) return group
  if (request.name !== undefined) {
    throw new OmniError('CONFLICT', `there is a group '${group.name}' already`, {hint: 'choose another name'})
  }
  const later = new Date(Date.parse(group.createdAt) + 1000)
  return begin(session, {...group, name: stampedName(later), createdAt: later.toISOString()}, request)
}

async function takeAll(group: SnapshotGroup, request: TakeRequest, members: GroupMember[]): Promise<void> {
  const {machines, progress, signal} = request
  await actOnEach(
    new Map(machines.map((machine) => [machine.name, machine])),
    (machine) =>
      progress.step(`snapshot ${machine.name}`, async (step) => {
        const call = {signal, expiresAt: group.expiresAt, onProgress: (note: string) => step.note(note)}
        const info = await takeOne(machine, group.name, call)
        members.push({
          ...{instance: machine.name, snapshot: group.name, createdAt: info.createdAt},
          specHash: specHash(machine.state),
        })
      }),
    AT_ONCE,
  )
  members.sort((a, b) => group.wanted.indexOf(a.instance) - group.wanted.indexOf(b.instance))
}

/** A machine that has to stop for it is started again, whatever happens. */
async function takeOne({driver, name, state}: Machine, snapshot: string, call: SnapshotOptions): Promise<SnapshotInfo> {
  const facet = requireFacet(driver, 'snapshots')
  if (facet.needsStop !== true || state.status === 'stopped') return facet.create(name, snapshot, call)
  await driver.stop(name, call)
  try {
    return await facet.create(name, snapshot, call)
  } finally {
    call.onProgress?.('starting it again')
    await driver.start(name)
  }
}

async function refuse(session: Session, name: string, request: TakeRequest): Promise<void> {
  const {machines, expiresMs, allowStop, isGroup, signal} = request
  for (const {driver} of machines) {
    if (requireFacet(driver, 'snapshots').canExpire === true || expiresMs === undefined) continue
    throw new OmniError('UNSUPPORTED', `'${driver.name}' cannot remove snapshots after a time`, {
      hint: 'the same command without --expires',
    })
  }
  const running = machines.filter(
    ({driver, state}) => driver.snapshots?.needsStop === true && state.status !== 'stopped',
  )
  if (running.length > 0 && !allowStop) {
    const names = running.map((machine) => `'${machine.name}'`).join(', ')
    throw new OmniError('CONFLICT', `${names} must be stopped for a snapshot`, {
      hint: 'the same command with --stop, which starts them again',
    })
  }
  if (request.name === undefined) return
  const taken = await machinesWith(machines, name, {signal})
  const texts = taken.map((machine) => `'${machine.name}' has a snapshot '${name}' already`)
  if (isGroup && (await findGroup(session, name)) !== undefined) texts.push(`there is a group '${name}' already`)
  if (texts.length > 0) throw new OmniError('CONFLICT', texts.join('\n'), {hint: 'choose another name'})
}

/** Those that have a snapshot of this name. */
export async function machinesWith(
  machines: readonly Machine[],
  snapshot: string,
  options: CallOptions,
): Promise<Machine[]> {
  const found = await mapLimit(machines, AT_ONCE, async (machine) => {
    const list = await requireFacet(machine.driver, 'snapshots').list(machine.name, options)
    return list.some(({name}) => name === snapshot) ? [machine] : []
  })
  return found.flat()
}
