import type {ExitInfo} from '@omni-cli/sdk'
import {logLine} from '../../../log-line.ts'
import type {Output} from './output.ts'
import type {InstanceRecord, RecordFolder} from './record.ts'

/** One instance in the hands of the supervisor. */
export class Entry {
  readonly exited: Promise<ExitInfo>
  /** Resolves when nothing of it runs any more and its pipes and group are gone. */
  readonly swept: Promise<void>
  /** Known only to the supervisor that started it. */
  readonly env: Readonly<Record<string, string>> | undefined
  output: Output | undefined
  /** When everything of it is killed, on the clock of `performance.now()`; Infinity while it is meant to run. */
  killAt = Number.POSITIVE_INFINITY
  termination: Promise<boolean> | undefined
  readonly #records: RecordFolder
  readonly #resolveExited: (exit: ExitInfo) => void
  readonly #resolveSwept: () => void
  #record: InstanceRecord

  constructor(records: RecordFolder, record: InstanceRecord, env?: Readonly<Record<string, string>>) {
    const exited = Promise.withResolvers<ExitInfo>()
    const swept = Promise.withResolvers<void>()
    this.exited = exited.promise
    this.swept = swept.promise
    this.#resolveExited = exited.resolve
    this.#resolveSwept = swept.resolve
    this.#records = records
    this.#record = record
    this.env = env
    this.#save()
  }

  get record(): InstanceRecord {
    return this.#record
  }

  update(change: Partial<InstanceRecord>): void {
    this.#record = {...this.#record, ...change}
    this.#save()
  }

  /** On the disk when it returns, unless that is full: then the truth is here alone until the next change. */
  #save(): void {
    try {
      this.#records.save(this.#record)
    } catch (error) {
      logLine(`cannot save the record of ${this.#record.id}: ${String(error)}`)
    }
    if (this.#record.exit !== undefined) this.#resolveExited(this.#record.exit)
    if (this.#record.isSwept) this.#resolveSwept()
  }
}
