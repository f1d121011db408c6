import {type CanaryVerdict, isAbort, messageOf, OmniError, type Service, sleep} from '@omni-cli/sdk'
import type {ControlContext} from '../context.ts'
import type {Actor} from '../control.ts'
import {canaryRow, endCanary} from './end.ts'
import type {CanaryEnd} from './ends.ts'
import {type Counters, canaryFacts} from './facts.ts'
import {type Judgement, judge} from './judge.ts'
import {promoteCanary} from './promote.ts'
import {hasCanary, type WithCanary} from './share.ts'

/** Who acts when measures decide. */
const JUDGE: Actor = {name: 'canary', role: 'admin'}

/** Looks after all canaries that decide by themselves, until the server ends. */
export async function watchCanaries(context: ControlContext): Promise<void> {
  const {timing, closing, store, log} = context
  const busy = new Set<string>()
  while (!closing.aborted) {
    await sleep(timing.canaryMs, closing).catch(() => undefined)
    const waiting = store.services.list().filter((row) => row.canary?.auto === true && !busy.has(row.name))
    if (closing.aborted || waiting.length === 0) continue
    const counters = await readCounters(context)
    if (counters === undefined) continue
    for (const row of waiting.filter(hasCanary)) {
      const judgement = judge(canaryFacts({row, replicas: context.fleet.of(row.name), counters, now: new Date()}))
      if (judgement.kind === 'wait') continue
      busy.add(row.name)
      carryOut(context, row, judgement)
        .catch((error: unknown) => log.debug('a verdict was not carried out', {problem: messageOf(error)}))
        .finally(() => busy.delete(row.name))
    }
  }
}

/** Undefined while the proxy does not answer. */
export async function readCounters({edge}: Pick<ControlContext, 'edge'>): Promise<Counters | undefined> {
  try {
    const [stats, health] = await Promise.all([edge.stats(), edge.health()])
    return {stats, edgePid: health?.pid}
  } catch {
    return undefined
  }
}

/** One that cannot be promoted will not be better for trying again. */
async function carryOut(context: ControlContext, {name, canary}: WithCanary, {kind, reason}: Judgement): Promise<void> {
  const {locks, store, closing} = context
  const work = async () => {
    const now = store.services.get(name)?.canary
    // Somebody may have had the lock before.
    if (now?.release !== canary.release || !now.auto) return
    if (kind === 'abort') return void (await endCanary(context, name, {reason, actor: JUDGE}))
    try {
      await promoteCanary(context, name, {reason, actor: JUDGE})
    } catch (error) {
      if (closing.aborted || isAbort(error)) throw error
      await endCanary(context, name, {
        reason: `it was good and could not be promoted: ${messageOf(error)}`,
        actor: JUDGE,
      })
    }
  }
  await locks.run(name, work, {signal: closing})
}

export interface DecideOptions {
  readonly actor: Actor
  /** Ends the waiting only. */
  readonly signal?: AbortSignal | undefined
  readonly observe: () => Promise<Service | undefined>
}

/** From now on measures decide about the canary; resolves when it has ended, in whatever way. */
export async function decideCanary(
  context: ControlContext,
  name: string,
  {actor, signal, observe}: DecideOptions,
): Promise<CanaryVerdict> {
  const waiting = new AbortController()
  const signals = [context.closing, waiting.signal, ...(signal === undefined ? [] : [signal])]
  try {
    const begin = async () => {
      const {release} = beDecided(context, name, actor)
      const end = context.canaries.wait(name, release, AbortSignal.any(signals))
      end.catch(() => undefined)
      return {end}
    }
    const {end} = await context.locks.run(name, begin, {signal: AbortSignal.any(signals)})
    const ended = await end
    // Who ended it has the lock until nothing of it runs.
    return await context.locks.run(name, () => verdictOf(ended, name, observe), {signal: AbortSignal.any(signals)})
  } finally {
    waiting.abort()
  }
}

function beDecided({store, ...context}: ControlContext, name: string, actor: Actor): WithCanary['canary'] {
  const {canary} = canaryRow({store, ...context}, name, 'decide about')
  if (canary.spec.port === undefined) {
    throw new OmniError('UNSUPPORTED', `'${name}' has no port: there are no requests to measure`, {
      hint: `omni promote ${name}`,
    })
  }
  if (canary.auto) return canary
  store.durably(() => store.services.update(name, {canary: {...canary, auto: true}}))
  const message = `the measures decide about the canary ${canary.release} of '${name}'`
  context.events.add({service: name, type: 'canary.changed', message, details: {auto: true}, actor})
  return canary
}

async function verdictOf(
  {verdict, reason}: CanaryEnd,
  name: string,
  observe: DecideOptions['observe'],
): Promise<CanaryVerdict> {
  const service = await observe()
  if (service !== undefined) return {verdict, reason, service}
  throw new OmniError('NOT_FOUND', `service '${name}' was removed meanwhile`)
}
