import {
  type Health,
  isOmniError,
  type Logger,
  mapLimit,
  messageOf,
  nameProblem,
  OmniError,
  silentLogger,
} from '@omni-cli/sdk'
import type {Runtime, RuntimeEvent} from '../runtime.ts'
import {openAdoptions} from './adoptions.ts'
import {Book} from './book.ts'
import {instanceOf, listInstances, seeContainers, study} from './containers.ts'
import type {DockerContext} from './context.ts'
import {createInstance} from './create.ts'
import {forgetEnded, purgeService, removeInstance, stopInstance} from './end.ts'
import {createEngine, type Engine} from './engine/engine.ts'
import {openTransport} from './engine/transport.ts'
import {followEvents} from './events.ts'
import {openExec, runExec} from './exec/exec.ts'
import {prepareImage} from './images/prepare.ts'
import {pruneImages} from './images/prune.ts'
import {type LogSource, lastContainerLines, logFilesOf, readServiceLogs} from './logs/logs.ts'
import {examineMachine, type Machine} from './machine.ts'
import {createNetworks} from './networks.ts'
import {react} from './react.ts'
import {createRooms} from './rooms.ts'
import {specProblems, specWarnings} from './spec-check.ts'
import {createStats} from './stats.ts'
import {asAsked, takeOver} from './take-over.ts'
import {createTidier, tidy} from './tidy.ts'

export interface DockerRuntimeOptions {
  /** OMNI_HOME; exists, 0700. */
  readonly home: string
  /** Id of this server: containers of others on the same Engine are left alone. */
  readonly owner: string
  /** DOCKER_HOST and its companions. Default: that of this process. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined
  readonly log?: Logger | undefined
}

export interface DockerRuntime extends Runtime {
  readonly engine: Engine
  /** Resolves when names, ended containers and networks are as they should be; without that, `close` waits for it. */
  settled(): Promise<void>
}

/** Runs services as containers of a Docker Engine. CONFIG_INVALID when the environment names no usable one. */
export function createDockerRuntime(options: DockerRuntimeOptions): DockerRuntime {
  const {home, env = process.env, log = silentLogger} = options
  const engine = createEngine(openTransport(env))
  const {context, listeners, tidier} = createContext(options, engine)
  const closing = new AbortController()
  return {
    name: 'docker',
    sources: ['image', 'build'],
    engine,
    check: () => checkEngine(engine),
    problems: specProblems,
    warnings: specWarnings,
    prepare: (request, prepareOptions = {}) => prepareImage(engine, request, prepareOptions, {home, env, log}),
    prune: (service, keepReleases) => pruneImages(engine, service, keepReleases, {home}),
    ...instanceMethods(context),
    ...logMethods(context),
    exec: (id, argv, execOptions) => runExec(engine, id, argv, execOptions),
    open: (id, request) => openExec(engine, id, request),
    stats: createStats(context),
    subscribe: subscription(context, listeners, closing.signal),
    settled: tidier.settled,
    async close() {
      closing.abort()
      await tidier.settled()
      engine.close()
    },
  }
}

function createContext({home, owner, log = silentLogger}: DockerRuntimeOptions, engine: Engine) {
  const listeners = new Set<(event: RuntimeEvent) => void>()
  let machine: Promise<Machine> | undefined
  const known = () => {
    machine ??= examineMachine(engine).catch((error: unknown) => {
      machine = undefined
      throw error
    })
    return machine
  }
  const networks = createNetworks(engine, owner, log)
  const tidier = createTidier(
    () => tidy(context),
    (error) => log.debug('containers not put in order', {problem: messageOf(error)}),
  )
  const context: DockerContext = {
    ...{engine, owner, log, book: new Book(), adoptions: openAdoptions(home)},
    ...{networks, rooms: createRooms({engine, owner, log, networks, machine: known}), machine: known},
    emit(event) {
      for (const listener of listeners) listener(event)
    },
    tidySoon: tidier.soon,
    creating: new Set(),
  }
  return {context, listeners, tidier}
}

type InstanceMethods = Pick<Runtime, 'create' | 'stop' | 'remove' | 'list' | 'purge'> &
  Required<Pick<Runtime, 'isAsAsked' | 'takeOver' | 'forgetEnded'>>

function instanceMethods(context: DockerContext): InstanceMethods {
  return {
    async create(request) {
      requireName(request.service)
      const creating = createInstance(context, request)
      context.creating.add(creating)
      return await creating.finally(() => context.creating.delete(creating))
    },
    stop: (id, {graceMs}) => stopInstance(context, id, graceMs),
    remove: (id) => removeInstance(context, id),
    list: () => listInstances(context),
    isAsAsked: async (id, request) => (await asAsked(context, id, request)) !== undefined,
    takeOver: (id, request) => takeOver(context, id, request),
    forgetEnded: (service) => forgetEnded(context, service),
    async purge(service) {
      requireName(service)
      await purgeService(context, service)
    },
  }
}

function logMethods(context: DockerContext): Pick<Runtime, 'logs' | 'logFiles' | 'lastLines'> {
  const {engine, book} = context
  return {
    logs: (service, options = {}) => readServiceLogs(engine, () => logSources(context, service), options),
    logFiles: async (service, replica) => logFilesOf(engine, await logSources(context, service), replica),
    async lastLines(id, count) {
      const entry = book.entries.get(id)
      if (entry === undefined) return []
      const {service, index} = entry.identity
      const isRunning = instanceOf(entry).state === 'running'
      const source = {id, replica: `${service}-${index}`, logPath: entry.logPath, isRunning}
      return await lastContainerLines(engine, source, count)
    },
  }
}

/** Also those that have ended and are kept. */
async function logSources(context: DockerContext, service: string): Promise<LogSource[]> {
  const seen = await seeContainers(context)
  const own = seen.filter(({identity, isForeign}) => identity.service === service && !isForeign)
  return await mapLimit(own, 8, async ({id, identity, isRunning}) => {
    const entry = context.book.open(id, identity)
    if (entry.isStale) await study(context, entry)
    return {id, replica: `${service}-${identity.index}`, logPath: entry.logPath, isRunning}
  })
}

/** The first listener opens the stream of events, which stays until the runtime is closed. */
function subscription(
  context: DockerContext,
  listeners: Set<(event: RuntimeEvent) => void>,
  signal: AbortSignal,
): Runtime['subscribe'] {
  let isFollowing = false
  const follow = () => {
    isFollowing = true
    // Much may have happened while nobody listened.
    context.tidySoon()
    const onResumed = () => {
      context.book.doubt()
      context.rooms.doubt()
      context.emit({type: 'resync', runtime: 'docker'})
      context.tidySoon()
    }
    void followEvents(context, {signal, onEvent: (event) => react(context, event), onResumed})
  }
  return (listener) => {
    listeners.add(listener)
    if (!isFollowing) follow()
    return () => void listeners.delete(listener)
  }
}

async function checkEngine(engine: Engine): Promise<Health> {
  try {
    const {version, isDirect} = await examineMachine(engine)
    const remark = `services are reached through ports of 127.0.0.1 on the machine of ${engine.host}`
    return {ok: true, version, ...(isDirect ? {} : {message: remark})}
  } catch (error) {
    const hint = isOmniError(error) ? error.hint : undefined
    return {ok: false, message: messageOf(error), ...(hint === undefined ? {} : {hint})}
  }
}

/** Names become parts of names. */
function requireName(service: string): void {
  const problem = nameProblem(service)
  if (problem !== undefined) throw new OmniError('MANIFEST_INVALID', `'${service}': ${problem}`)
}
