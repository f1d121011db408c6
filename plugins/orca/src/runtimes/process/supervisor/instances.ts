import {closeSync} from 'node:fs'
import type {ExitInfo} from '@omni-cli/sdk'
import type {RuntimeInstance} from '../../runtime.ts'
import {countOomKills} from '../cgroup.ts'
import {processPaths} from '../paths.ts'
import {environmentOf} from '../proc-linux.ts'
import {bootId, readProcess} from '../process-table.ts'
import type {CreateParams, InstanceContext} from '../wire.ts'
import {adoptEntry} from './adopt.ts'
import {Entry} from './entry.ts'
import {Failure} from './failure.ts'
import {FifoPool} from './fifo-pool.ts'
import {PortPicker} from './free-port.ts'
import {launch, openPipe} from './launch.ts'
import {InstanceCgroups, refusedLimits} from './limits.ts'
import {isLeaderRunning} from './members.ts'
import {OutputCapture, pipeNames} from './output.ts'
import {type InstanceRecord, instanceOf, RecordFolder} from './record.ts'
import {ReplicaLogs} from './replica-logs.ts'
import {sweep} from './sweep.ts'
import {terminate} from './terminate.ts'

/** What children may still do after their parent ended by itself. */
const LEFTOVER_GRACE_MS = 2000
/** For instances that an earlier supervisor started: their end is no event here. */
const LOOK_EVERY_MS = 150

/** All replicas of one home. Every change is on the disk before anybody hears of it. */
export class Instances {
  readonly #entries = new Map<string, Entry>()
  readonly #starting = new Map<string, Promise<RuntimeInstance>>()
  readonly #adopted = new Set<Entry>()
  readonly #records: RecordFolder
  readonly #fifos: FifoPool
  readonly #output: OutputCapture
  readonly #cgroups: InstanceCgroups
  readonly #ports = new PortPicker(() => this.#usedPorts())
  readonly #onExited: (instance: RuntimeInstance) => void
  readonly #bootId = bootId()

  constructor(home: string, onExited: (instance: RuntimeInstance) => void) {
    const paths = processPaths(home)
    this.#records = new RecordFolder(paths.instances)
    this.#fifos = new FifoPool(paths.fifos)
    this.#output = new OutputCapture(this.#fifos, new ReplicaLogs(home))
    this.#cgroups = new InstanceCgroups(home)
    this.#onExited = onExited
  }

  /** Takes over what an earlier supervisor left. */
  adoptAll(): void {
    for (const record of this.#records.load()) {
      const entry = adoptEntry(this.#records, record, this.#bootId)
      if (entry === undefined) continue
      this.#entries.set(record.id, entry)
      if (entry.record.isSwept) continue
      entry.output = this.#output.start(entry.record)
      this.#adopted.add(entry)
      // Nobody holds its pipes any more: it has most likely ended.
      void entry.output.ended.then(() => this.#look(entry))
      this.#look(entry)
    }
    this.#fifos.keepOnly(new Set(this.#entries.keys().flatMap((id) => Object.values(pipeNames(id)))))
    const lookAtAll = () => {
      for (const entry of this.#adopted) this.#look(entry)
    }
    setInterval(lookAtAll, LOOK_EVERY_MS).unref()
  }

  /** True when nothing runs. */
  get isIdle(): boolean {
    return this.#starting.size === 0 && this.#entries.values().every(({record}) => record.isSwept)
  }

  list(): RuntimeInstance[] {
    return [...this.#entries.values()].map((entry) => instanceOf(entry.record))
  }

  /** The same id twice is the same instance. */
  async create(params: CreateParams): Promise<RuntimeInstance> {
    const known = this.#entries.get(params.id)
    if (known !== undefined) return instanceOf(known.record)
    const starting =
      this.#starting.get(params.id) ?? this.#start(params).finally(() => this.#starting.delete(params.id))
    this.#starting.set(params.id, starting)
    return await starting
  }

  async stop(id: string, graceMs: number): Promise<ExitInfo | undefined> {
    await this.#starting.get(id)?.catch(() => undefined)
    const entry = this.#entries.get(id)
    if (entry === undefined) return undefined
    if (!(await terminate(entry, graceMs))) {
      throw new Failure('IO', `process ${entry.record.pid} of '${id}' hangs in the kernel and cannot be ended`)
    }
    this.#look(entry)
    await entry.swept
    return entry.record.exit
  }

  async remove(id: string, graceMs: number): Promise<void> {
    await this.stop(id, graceMs)
    this.#entries.delete(id)
    this.#records.remove(id)
  }

  context(id: string): InstanceContext {
    const entry = this.#entries.get(id)
    if (entry === undefined) throw new Failure('NOT_FOUND', `there is no instance '${id}'`)
    const {pid, cwd, uid, gid, exit} = entry.record
    if (exit !== undefined || pid === undefined) throw new Failure('CONFLICT', `'${id}' does not run`)
    return {cwd, env: entry.env ?? toRecord(environmentOf(pid) ?? []), uid, gid}
  }

  /** The instances go on; what they write from now on waits in their pipes. */
  close(): void {
    for (const {output} of this.#entries.values()) output?.close()
    if (this.isIdle) this.#cgroups.removeParent()
  }

  async #start(params: CreateParams): Promise<RuntimeInstance> {
    const port = params.listens ? await this.#ports.pick() : undefined
    const names = pipeNames(params.id)
    const pipes = [await this.#fifos.take(names.stdout), await this.#fifos.take(names.stderr)]
    const env = {...params.env, ...(port === undefined ? {} : {PORT: String(port)})}
    const entry = new Entry(this.#records, this.#newRecord(params, port), env)
    this.#entries.set(params.id, entry)
    const cgroup = this.#cgroups.create(params.id, params.limits)
    if (cgroup !== undefined) entry.update({cgroup})

    const outputs = pipes.map((path) => openPipe(path, params))
    entry.output = this.#output.start(entry.record)
    try {
      const child = await launch(params, env, outputs)
      child.once('exit', (code, signal) => this.#recordExit(entry, code, signal))
      const isLimited = this.#cgroups.join(cgroup, child.pid)
      entry.update({pid: child.pid, startTime: readProcess(child.pid)?.startTime ?? ''})
      const refused = refusedLimits(params.limits)
      if (!isLimited && refused !== undefined) entry.output.note(refused)
      return instanceOf(entry.record)
    } catch (error) {
      await this.#sweep(entry)
      this.#entries.delete(params.id)
      this.#records.remove(params.id)
      throw error
    } finally {
      for (const fd of outputs) closeSync(fd)
    }
  }

  #newRecord(params: CreateParams, port: number | undefined): InstanceRecord {
    const {id, service, index, release, cwd, uid, gid} = params
    return {
      ...{id, service, index, release, cwd, uid, gid},
      startedAt: new Date().toISOString(),
      bootId: this.#bootId,
      address: port === undefined ? undefined : `127.0.0.1:${port}`,
      isSwept: false,
    }
  }

  /** Notices the end of an adopted instance. */
  #look(entry: Entry): void {
    if (!this.#adopted.has(entry) || isLeaderRunning(entry.record)) return
    this.#adopted.delete(entry)
    this.#recordExit(entry, null, null)
  }

  /** Both are null when nobody saw the end. */
  #recordExit(entry: Entry, code: number | null, signal: string | null): void {
    const {cgroup} = entry.record
    const isOom = code !== 0 && cgroup !== undefined && countOomKills(cgroup) > 0
    const exit: ExitInfo = {
      ...(code === null ? {} : {code}),
      ...(signal === null ? {} : {signal}),
      at: new Date().toISOString(),
      ...(isOom ? {oomKilled: true} : {}),
    }
    const isNews = entry.record.exit === undefined
    if (isNews) entry.update({exit})
    if (isNews) void entry.output?.settle().then(() => this.#onExited(instanceOf(entry.record)))
    void terminate(entry, LEFTOVER_GRACE_MS).then((isEnded) => (isEnded ? this.#sweep(entry) : undefined))
  }

  async #sweep(entry: Entry): Promise<void> {
    await sweep(entry, this.#fifos, this.#cgroups)
  }

  #usedPorts(): ReadonlySet<number> {
    const addresses = [...this.#entries.values()].map(({record}) => (record.isSwept ? undefined : record.address))
    return new Set(addresses.map((address) => Number(address?.split(':')[1])))
  }
}

const toRecord = (entries: readonly string[]): Record<string, string> =>
  Object.fromEntries(entries.map((entry) => [entry.split('=', 1)[0] ?? '', entry.slice(entry.indexOf('=') + 1)]))
