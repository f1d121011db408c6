import {type CallOptions, OmniError} from '@omni-cli/sdk'
import type {Session} from '@omni-cli/sdk/cli'
import {instanceKind} from '../../resources/instance.ts'
import {findKind} from '../../resources/kinds.ts'
import {chooseMachines} from '../choose.ts'
import type {Machine} from '../workload.ts'

export interface ExportSelection extends CallOptions {
  /** `NAME [FILE]`; with a folder, labels or all only names. */
  readonly words: readonly string[]
  readonly dir?: string | undefined
  readonly labels?: Readonly<Record<string, string>> | undefined
  readonly all: boolean
}

/** Which machines, and the file when one was named. USAGE for a file and a folder, and for several without a folder. */
export async function chooseToExport(
  session: Session,
  {words, dir, labels, all, signal}: ExportSelection,
): Promise<{readonly machines: readonly Machine[]; readonly file: string | undefined}> {
  const first = findKind(words[0] ?? '', [instanceKind]) === undefined ? 1 : 2
  const isSelector = all || labels !== undefined
  const isFile = !isSelector && dir === undefined && words.length === first + 1
  if (!isSelector && dir === undefined && words.length > first + 1) {
    throw new OmniError('USAGE', 'name one instance and its file, or several and --dir', {hint: '--dir .'})
  }
  const names = isFile ? words.slice(0, first) : words
  const machines = await chooseMachines(session, {words: names, labels, all}, {signal})
  return {machines, file: isFile ? words.at(-1) : undefined}
}
