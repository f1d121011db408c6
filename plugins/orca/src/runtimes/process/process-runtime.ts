import {accessSync, constants} from 'node:fs'
import {delimiter, join} from 'node:path'
import {type Health, type Logger, nameProblem, OmniError, silentLogger} from '@omni-cli/sdk'
import {socketPath} from '../../socket-path.ts'
import type {InstanceRequest, Runtime, RuntimeEvent, RuntimeInstance} from '../runtime.ts'
import {findCgroupBases} from './cgroup-bases.ts'
import {createParams} from './create-params.ts'
import {execBeside} from './exec-beside.ts'
import {newInstanceId, parseInstanceId} from './instance-id.ts'
import {lastLines} from './logs/last-lines.ts'
import {readLogs} from './logs/read-logs.ts'
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
/** `remove` gives an instance that still runs this long, as the supervisor does. */
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
  let reading: StatsReading | undefined

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
    prepare(request, options) {
      requireNames(request.service, request.release)
      return prepareRelease(home, request, options)
    },
    async prune(service, keepReleases) {
      requireNames(service)
      const used = (await list()).filter((instance) => instance.service === service && instance.state === 'running')
      await pruneReleases(home, service, new Set([...keepReleases, ...used.map(({release}) => release)]))
    },
    async create(request: InstanceRequest) {
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
    list,
    logs(service, options) {
      requireNames(service)
      return readLogs(serviceLogFolder(home, service), service, options)
    },
    async lastLines(id, count) {
      const parts = parseInstanceId(id)
      return parts === undefined
        ? []
        : await lastLines(replicaLogFile(home, parts.service, parts.index), parts.tag, count)
    },
    async exec(id, argv, options) {
      const context = await client.request({op: 'context', id}, ANSWER_MS)
      if (!isContext(context)) throw new Error('the supervisor answered something that is no context')
      return await execBeside(context, argv, options)
    },
    async stats() {
      const result = readStats(await list(), reading)
      reading = result.reading
      return result.stats
    },
    subscribe(listener) {
      listeners.add(listener)
      client.connect().catch((error) => log.debug('no supervisor to listen to', {error: String(error)}))
      return () => void listeners.delete(listener)
    },
    close: () => client.close(),
  }
}

function checkMachine(): Health {
  const version = process.version
  if (process.platform === 'win32') {
    return {ok: false, version, message: 'processes are not supervised on Windows', hint: 'wsl --install'}
  }
  const folders = (process.env.PATH ?? '').split(delimiter)
  if (!folders.some((folder) => isExecutable(join(folder, 'mkfifo')))) {
    return {ok: false, version, message: "the program 'mkfifo' (coreutils) is missing", hint: 'apt install coreutils'}
  }
  return {ok: true, version}
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** Names become parts of paths. */
function requireNames(service: string, release = 'r1'): void {
  const problem =
    nameProblem(service) ?? (/^[a-z0-9][a-z0-9.-]{0,62}$/i.test(release) ? undefined : 'it is no release id')
  if (problem !== undefined) throw new OmniError('MANIFEST_INVALID', `'${service}' (${release}): ${problem}`)
}
