import {existsSync, readdirSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import type {Call} from './context.ts'

export interface Snapshot {
  readonly name: string
  /** Milliseconds of the epoch. */
  readonly created: number
  readonly comment: string
  readonly parent: string
  readonly children: readonly string[]
  readonly cpus: number
  readonly memory: number
  readonly disk: number
}

export const hasSnapshots = ({behaviour}: Call): boolean => behaviour.driver !== 'applevz'

export function snapshotsOf(call: Call, name: string): Snapshot[] {
  const folder = call.store.snapshots(name)
  if (!existsSync(folder)) return []
  const found = readdirSync(folder).map(
    (snapshot) => JSON.parse(readFileSync(join(folder, snapshot, 'snapshot.json'), 'utf8')) as Snapshot,
  )
  return found.sort((a, b) => a.created - b.created)
}
