import {type CallOptions, OmniError} from '@omni-cli/sdk'
import type {Session} from '@omni-cli/sdk/cli'
import {instanceKind} from '../../resources/instance.ts'
import {findKind} from '../../resources/kinds.ts'
import {chooseMachines} from '../choose.ts'
import type {Machine} from '../workload.ts'
import {snapshotWords} from './name.ts'

export interface SnapshotSelection extends CallOptions {
  readonly words: readonly string[]
  readonly name?: string | undefined
  readonly labels?: Readonly<Record<string, string>> | undefined
  readonly all: boolean
}

export interface ToSnapshot {
  readonly machines: readonly Machine[]
  readonly name: string | undefined
  /** They were chosen together: several names, labels or all. */
  readonly isGroup: boolean
}

/** What a command line wants to keep. USAGE when the second of two words could be an instance as well as a name. */
export async function chooseToSnapshot(session: Session, selection: SnapshotSelection): Promise<ToSnapshot> {
  const {words, labels, all, signal} = selection
  const isSelector = all || labels !== undefined
  const isKind = findKind(words[0] ?? '', [instanceKind]) !== undefined
  const {targets, name} = snapshotWords(words, {name: selection.name, isSelector, isKind})
  const machines = await chooseMachines(session, {words: targets, labels, all}, {signal})
  const [first, ...others] = machines
  if (name !== undefined && selection.name === undefined && (await first?.driver.get(name, {signal})) !== undefined) {
    throw new OmniError('USAGE', `'${name}' is an instance, too`, {
      hint: `omni snapshot instance/${first?.name} instance/${name}, or --name ${name}`,
    })
  }
  return {machines, name, isGroup: isSelector || others.length > 0}
}
