import {createHash} from 'node:crypto'
import {messageOf} from '@omni-cli/sdk'
import {isScheduled} from '../../server/cron/triggers.ts'
import type {InstanceRequest} from '../runtime.ts'
import type {DockerContext} from './context.ts'
import {destroy} from './end.ts'
import {OMNI} from './labels.ts'
import {INTERNAL_NETWORK, spareName} from './names.ts'
import {createdSchema, read} from './wire.ts'

/** A container that was made and waits to be started. */
interface Spare {
  readonly id: string
  readonly name: string
  /** Of the whole configuration: with another environment it is of no use. */
  readonly digest: string
}

export interface Spares {
  /** The spare of the replica, when it is just what is asked for; it is the caller's from then on. */
  take(request: InstanceRequest, config: object): Spare | undefined
  /** Makes one for the next restart of the replica, in a moment and when nothing else is being made. */
  makeSoon(request: InstanceRequest, config: object): void
  /** The replica is gone for good. */
  drop(replica: Pick<InstanceRequest, 'service' | 'index'>): Promise<void>
  isKnown(id: string): boolean
  close(): void
}

/** A deploy is over by then, and its containers have started. */
const QUIET_MS = 1_000

/**
 * While the Engine clears away a container that has crashed, it takes ten times as long to make another one, a third of
 * the way from the crash to the running successor. So each replica has its successor at hand: made, not started.
 */
export function createSpares(context: () => DockerContext): Spares {
  const waiting = new Map<string, Spare>()
  const wanted = new Map<string, {readonly request: InstanceRequest; readonly config: object}>()
  let timer: NodeJS.Timeout | undefined
  let isClosed = false

  const work = async () => {
    for (const [key, {request, config}] of wanted) {
      // A start that somebody waits for comes first.
      if (isClosed || context().creating.size > 0) break
      wanted.delete(key)
      await replace(key, request, config).catch((error: unknown) =>
        context().log.debug('no spare container', {service: request.service, problem: messageOf(error)}),
      )
    }
    timer = undefined
    if (wanted.size > 0) later()
  }
  const later = () => {
    if (!isClosed) timer ??= setTimeout(() => void work(), QUIET_MS).unref()
  }
  const replace = async (key: string, request: InstanceRequest, config: object) => {
    const digest = digestOf(config)
    const before = waiting.get(key)
    if (before?.digest === digest) return
    waiting.delete(key)
    if (before !== undefined) await destroy(context(), before.id)
    const spare = {...(await makeSpare(context(), request, config)), digest}
    // The replica may have gone meanwhile, or there may be something newer to make.
    if (isClosed || wanted.has(key)) await destroy(context(), spare.id)
    else waiting.set(key, spare)
  }
  return {
    take(request, config) {
      const key = keyOf(request)
      const spare = waiting.get(key)
      if (spare === undefined || spare.digest !== digestOf(config)) return undefined
      waiting.delete(key)
      return spare
    },
    makeSoon(request, config) {
      const {restart_policy: policy} = request.spec
      if (isScheduled(request.spec) || policy === 'no') return
      wanted.set(keyOf(request), {request, config})
      later()
    },
    async drop(replica) {
      const key = keyOf(replica)
      wanted.delete(key)
      const spare = waiting.get(key)
      waiting.delete(key)
      if (spare !== undefined) await destroy(context(), spare.id)
    },
    isKnown: (id) => waiting.values().some((spare) => spare.id === id),
    close() {
      isClosed = true
      clearTimeout(timer)
    },
  }
}

const keyOf = ({service, index}: Pick<InstanceRequest, 'service' | 'index'>): string => `${service}/${index}`

const digestOf = (config: object): string => createHash('sha256').update(JSON.stringify(config)).digest('hex')

async function makeSpare(
  {book, engine, networks}: DockerContext,
  {service, index, spec}: InstanceRequest,
  config: object & {readonly Labels?: object},
): Promise<Omit<Spare, 'digest'>> {
  const name = spareName(service, index)
  book.making.add(name)
  try {
    const json = {...config, Labels: {...config.Labels, [OMNI.spare]: 'true'}}
    const answer = await engine.call('POST', '/containers/create', {query: {name}, json})
    const {Id: id} = read(createdSchema, answer, 'container')
    if (spec.internal) await networks.connect(INTERNAL_NETWORK, id, [`orca-${service}`])
    book.names.set(id, name)
    return {id, name}
  } finally {
    book.making.delete(name)
  }
}
