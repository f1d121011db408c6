import {sleep} from '@omni-cli/sdk'
import type {AuditEntry, AuditQuery} from './admin.ts'

const EVERY_MS = 1_000

/** Entries as they come; each once, when it is finished or the next look finds it under way. Ends with the signal. */
export async function* followAudit(
  read: (query: AuditQuery) => Promise<AuditEntry[]>,
  query: AuditQuery,
  signal: AbortSignal,
): AsyncGenerator<AuditEntry> {
  let page = await read(query)
  let after = 0
  for (;;) {
    for (const entry of page) {
      after = entry.id
      yield entry
    }
    await sleep(EVERY_MS, signal)
    page = await read({actor: query.actor, after})
  }
}
