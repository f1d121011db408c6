import {findLeaderWith} from '../process-table.ts'
import {Entry} from './entry.ts'
import type {InstanceRecord, RecordFolder} from './record.ts'

/**
 * The entry of a record that an earlier supervisor wrote; undefined when it never came to start the process, so that its
 * caller, who got no answer, asks again. Nothing is done to processes.
 */
export function adoptEntry(records: RecordFolder, record: InstanceRecord, bootId: string): Entry | undefined {
  if (record.isSwept) return new Entry(records, record)
  const now = {at: new Date().toISOString()}
  if (record.bootId !== bootId) return new Entry(records, {...record, exit: record.exit ?? now, isSwept: true})
  if (record.pid !== undefined) return new Entry(records, record)
  // The supervisor ended between the start of the process and its note.
  const leader = findLeaderWith(`OMNI_INSTANCE=${record.id}`)
  if (leader !== undefined) return new Entry(records, {...record, pid: leader.pid, startTime: leader.startTime})
  records.remove(record.id)
  return undefined
}
