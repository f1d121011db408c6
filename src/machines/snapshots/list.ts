import {type CallOptions, mapLimit, requireFacet, type SnapshotInfo} from '@omni-cli/sdk'
import type {Session} from '@omni-cli/sdk/cli'
import {instanceKind} from '../../resources/instance.ts'
import {choose} from '../choose.ts'
import type {Machine} from '../workload.ts'
import {type ListGroupsOptions, listGroups} from './manifest.ts'

const AT_ONCE = 8

/** A snapshot with the machine it is of. */
export interface ListedSnapshot extends SnapshotInfo {
  readonly instance: string
  /** It was taken together with others, under its name. */
  readonly isOfGroup: boolean
}

/** Snapshots of the named machines, or of all; oldest first, machine by machine. */
export async function listSnapshots(
  session: Session,
  words: readonly string[],
  {notice, ...options}: CallOptions & ListGroupsOptions,
): Promise<ListedSnapshot[]> {
  const selection = words.length === 0 ? {words, all: true} : {words}
  const chosen = await choose(session, selection, {...options, kinds: [instanceKind]})
  const machines = chosen.filter((workload): workload is Machine => workload.kind === 'instance')
  const groups = await listGroups(session, {notice})
  const members = new Set(
    groups.flatMap(({members}) => members.map(({instance, snapshot}) => `${instance} ${snapshot}`)),
  )
  const lists = await mapLimit(machines, AT_ONCE, async ({driver, name, state}) => {
    const facet = requireFacet(driver, 'snapshots')
    const snapshots = state.snapshotCount === 0 ? [] : await facet.list(name, options)
    return snapshots
      .toSorted((a, b) => a.createdAt.localeCompare(b.createdAt))
      .map((info) => ({instance: name, ...info, isOfGroup: members.has(`${name} ${info.name}`)}))
  })
  return lists.flat()
}
