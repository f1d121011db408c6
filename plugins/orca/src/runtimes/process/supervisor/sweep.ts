import {setTimeout as delay} from 'node:timers/promises'
import type {Entry} from './entry.ts'
import type {FifoPool} from './fifo-pool.ts'
import type {InstanceCgroups} from './limits.ts'
import {pipeNames} from './output.ts'

const ATTEMPTS = 20

/** Puts away the pipes and the control group of an instance of which nothing runs, and notes that. */
export async function sweep(entry: Entry, fifos: FifoPool, cgroups: InstanceCgroups): Promise<void> {
  const {record, output} = entry
  await output?.settle()
  output?.close()
  const names = pipeNames(record.id)
  fifos.remove(names.stdout)
  fifos.remove(names.stderr)
  // A process that just ended can hold its group for a moment.
  for (let attempt = 0; !cgroups.remove(record.cgroup) && attempt < ATTEMPTS; attempt++) await delay(10)
  entry.update({isSwept: true})
}
