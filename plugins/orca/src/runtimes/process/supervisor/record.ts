import {mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import type {ExitInfo} from '@omni-cli/sdk'
import type {RuntimeInstance} from '../../runtime.ts'
import type {Cgroup} from '../cgroup.ts'
import {isExit, isFields, parseFields} from '../wire.ts'

/** What is kept on the disk about one instance; never its environment, which may hold secrets. */
export interface InstanceRecord {
  readonly id: string
  readonly service: string
  readonly index: number
  readonly release: string
  readonly cwd: string
  readonly startedAt: string
  /** Process ids of another boot mean nothing. */
  readonly bootId: string
  readonly address?: string | undefined
  /** Absent while it is being started. */
  readonly pid?: number | undefined
  /** With the pid, the identity of the process. */
  readonly startTime?: string | undefined
  readonly uid?: number | undefined
  readonly gid?: number | undefined
  readonly cgroup?: Cgroup | undefined
  readonly exit?: ExitInfo | undefined
  /** True when nothing of it can run any more: nobody may send signals in its name. */
  readonly isSwept: boolean
}

/** The instance as the runtime tells it. */
export const instanceOf = (record: InstanceRecord): RuntimeInstance => ({
  id: record.id,
  service: record.service,
  index: record.index,
  release: record.release,
  state: record.exit === undefined ? 'running' : 'exited',
  address: record.address,
  pid: record.pid,
  startedAt: record.startedAt,
  exit: record.exit,
})

/** Records as files, one an instance. */
export class RecordFolder {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
    mkdirSync(folder, {recursive: true, mode: 0o700})
  }

  /**
   * Replaces the record as a whole. It is not forced to the disk: it must outlive this process, not the machine, whose
   * end is the end of all instances too.
   */
  save(record: InstanceRecord): void {
    const path = this.#path(record.id)
    writeFileSync(`${path}.tmp`, JSON.stringify(record), {mode: 0o600})
    renameSync(`${path}.tmp`, path)
  }

  remove(id: string): void {
    rmSync(this.#path(id), {force: true})
  }

  /** Unreadable files are left out: they are of a machine that lost power. */
  load(): InstanceRecord[] {
    return readdirSync(this.#folder)
      .filter((name) => name.endsWith('.json'))
      .map((name): unknown => parseFields(readFileSync(join(this.#folder, name), 'utf8')))
      .filter(isRecord)
  }

  #path(id: string): string {
    return join(this.#folder, `${id}.json`)
  }
}

const isRecord = (value: unknown): value is InstanceRecord =>
  isFields(value) &&
  [value.id, value.service, value.release, value.cwd, value.startedAt, value.bootId].every(
    (text) => typeof text === 'string',
  ) &&
  typeof value.index === 'number' &&
  (value.exit === undefined || isExit(value.exit))
