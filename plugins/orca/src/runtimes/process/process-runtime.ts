import {rm} from 'node:fs/promises'
import {join} from 'node:path'
import {type Logger, nameProblem, OmniError, silentLogger} from '@omni-cli/sdk'
import {socketPath} from '../../socket-path.ts'
import type {PreparedRelease, Runtime, RuntimeEvent, RuntimeInstance} from '../runtime.ts'
import {findCgroupBases} from './cgroup-bases.ts'
import {checkMachine} from './check-machine.ts'
import {createParams} from './create-params.ts'
import {execBeside} from './exec-beside.ts'
import {newInstanceId, parseInstanceId} from './instance-id.ts'
import {lastLines} from './logs/last-lines.ts'
import {logFiles, readLogs} from './logs/read-logs.ts'
import {openBeside} from './open-beside.ts'
import {replicaLogFile, serviceLogFolder} from './paths.ts'
import {prepareRelease, pruneReleases} from './release/prepare.ts'
import {specProblems, specWarnings} from './spec-check.ts'
import {readStats, type StatsReading} from './stats.ts'
import {SupervisorClient} from './supervisor-client.ts'
import {isContext, isExit, isInstance} from './wire.ts'

export interface ProcessRuntimeOptions {
  /** OMNI_HOME; exists, 0700. */
  readonly home: string
  readonly log?: Logger | undefined
}

const ANSWER_MS = 30_000
/** `remove` gives an instance that still runs a grace of the supervisor's own. */
const REMOVE_MS = 60_000

/** Runs services as processes of this machine. A supervisor of its own holds them; it is started when needed. */
export function createProcessRuntime({home, log = silentLogger}: ProcessRuntimeOptions): Runtime {
  const listeners = new Set<(event: RuntimeEvent) => void>()
  const cgroups = findCgroupBases()
  const client = new SupervisorClient({
    ...{home, log, socketPath: socketPath(home, 'supervisor')},
    onEvent(event) {
      for (const listener of listeners) listener(event)
    },
  })
  const list = async (): Promise<RuntimeInstance[]> => {
    const instances = await client.request({op: 'list'}, ANSWER_MS)
    return Array.isArray(instances) ? instances.filter(isInstance) : []
  }
  return {
    name: 'process',
    sources: ['command', 'build'],
    check: async () => checkMachine(),
    problems: specProblems,
    warnings: (spec) => specWarnings(spec, cgroups),
    ...releaseMethods(home, list),
    ...instanceMethods(client),
    ...logMethods(home),
    async purge(service) {
      requireNames(service)
      await Promise.all(
        ['volumes', 'logs'].map((kind) => rm(join(home, 'engine', kind, service), {recursive: true, force: true})),
      )
    },
    stats: statsMethod(list),
    list,
    subscribe(listener) {
      listeners.add(listener)
      client.connect().catch((error) => log.debug('no supervisor to listen to', {error: String(error)}))
      return () => void listeners.delete(listener)
    },
    close: () => client.close(),
  }
}

function releaseMethods(home: string, list: Runtime['list']): Pick<Runtime, 'prepare' | 'prune'> {
  const preparing = new Map<string, Promise<PreparedRelease>>()
  return {
    async prepare(request, options) {
      requireNames(request.service, request.release)
      const name = `${request.service}/${request.release}`
      const running =
        preparing.get(name) ?? prepareRelease(home, request, options).finally(() => preparing.delete(name))
      preparing.set(name, running)
      return await running
    },
    async prune(service, keepReleases) {
      requireNames(service)
      const used = (await list()).filter((instance) => instance.service === service && instance.state === 'running')
      await pruneReleases(home, service, new Set([...keepReleases, ...used.map(({release}) => release)]))
    },
  }
}

function instanceMethods(client: SupervisorClient): Pick<Runtime, 'create' | 'stop' | 'remove' | 'exec' | 'open'> {
  return {
    async create(request) {
      requireNames(request.service, request.release)
      const params = createParams(newInstanceId(request.service, request.index), request)
      const instance = await client.request({op: 'create', params}, ANSWER_MS)
      if (!isInstance(instance)) throw new Error('the supervisor answered something that is no instance')
      return instance
    },
    async stop(id, {graceMs}) {
      const exit = await client.request({op: 'stop', id, graceMs}, graceMs + ANSWER_MS)
      return isExit(exit) ? exit : undefined
    },
    async remove(id) {
      await client.request({op: 'remove', id}, REMOVE_MS)
    },
    async open(id, request) {
      const context = await client.request({op: 'context', id}, ANSWER_MS)
      if (!isContext(context)) throw new Error('the supervisor answered something that is no context')
      return openBeside(context, request)
    },
    async exec(id, argv, options) {
      const context = await client.request({op: 'context', id}, ANSWER_MS)
      if (!isContext(context)) throw new Error('the supervisor answered something that is no context')
      return await execBeside(context, argv, options)
    },
  }
}

function logMethods(home: string): Pick<Runtime, 'logs' | 'logFiles' | 'lastLines'> {
  return {
    logs(service, options) {
      requireNames(service)
      return readLogs(serviceLogFolder(home, service), service, options)
    },
    async logFiles(service, replica) {
      requireNames(service)
      return await logFiles(serviceLogFolder(home, service), service, replica)
    },
    async lastLines(id, count) {
      const parts = parseInstanceId(id)
      if (parts === undefined) return []
      return await lastLines(replicaLogFile(home, parts.service, parts.index), parts.tag, count)
    },
  }
}

function statsMethod(list: Runtime['list']): Runtime['stats'] {
  let before: StatsReading | undefined
  return async () => {
    const {stats, reading} = readStats(await list(), before)
    before = reading
    return stats
  }
}

/** Names become parts of paths. */
function requireNames(service: string, release = 'r1'): void {
  const problem =
    nameProblem(service) ?? (/^[a-z0-9][a-z0-9.-]{0,62}$/i.test(release) ? undefined : 'it is no release id')
  if (problem !== undefined) throw new OmniError('MANIFEST_INVALID', `'${service}' (${release}): ${problem}`)
}
