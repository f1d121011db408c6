import {type InstanceProvider, isAbort, isOmniError, OmniError, poll} from '@omni-cli/sdk'
import type {Progress, Session} from '@omni-cli/sdk/cli'
import type {Manifest} from '@omni-cli/sdk/engine'
import {loadNamed} from '../apply/load.ts'
import {preparePlan} from '../apply/prepare.ts'
import {locked, runPlan} from '../apply/run.ts'
import {chooseMoves, type LeftBehind} from './failover-decide.ts'
import {changeMemory, type MovedMachine, readMemory} from './recover-memory.ts'

export interface FailoverOptions {
  /** Driver that takes over. Default: that of `failover` in the context. */
  readonly to?: string | undefined
  /** Files of the plan. */
  readonly plan: readonly string[]
  /** A person's word that the first one runs nothing any more. */
  readonly primaryIsGone: boolean
  readonly approve: (question: string) => Promise<boolean>
  readonly progress: () => Promise<Progress>
  readonly signal: AbortSignal
}

export interface FailoverResult {
  readonly from: string
  readonly to: string
  /** Made and ready at `to`. */
  readonly moved: readonly string[]
  readonly left: readonly LeftBehind[]
  /** False when the person said no. */
  readonly done: boolean
}

const ASK_EVERY_MS = 2_000
/** Often at first: a daemon that restarts is back soon. */
const growing = (asked: number): number => Math.min(ASK_EVERY_MS, 100 * asked)
/** One question may take this long. */
const ANSWER_MS = 5_000

/**
 * Makes machines of a plan anew at another driver, because theirs is gone. Never by itself, never without an answer to the
 * question, and only what holds no data. Refused (CONFLICT) while the first driver answers, and while nobody vouches that it
 * runs nothing any more: a daemon that is silent may well have running machines. Where each lives is noted.
 */
export async function failOver(session: Session, options: FailoverOptions): Promise<FailoverResult> {
  const {signal} = options
  const {to, afterMs} = policyOf(session, options.to)
  const manifest = await loadNamed({files: options.plan})
  const specs = manifest.resources.flatMap((resource) => (resource.kind === 'instance' ? [resource.spec] : []))
  const {moves, left} = chooseMoves(specs)
  if (moves.length === 0) throw nothingMoves(left)
  const primary = await openPrimary(session)
  if (primary.name === to) throw new OmniError('USAGE', `the machines are made by '${to}' already`)
  await mustBeSilent(primary, {afterMs, signal})
  if (!options.primaryIsGone) throw mayStillRun(primary.name, moves)
  const secondary = await session.open('instance', to)
  await refuseForeign(session, secondary, {from: primary.name, moves, signal})
  const there: Session = {...session, open: (kind, id) => session.open(kind, kind === 'instance' ? to : id)}
  const result = {from: primary.name, to, left}
  return locked(session, 'omni health --failover', async () => {
    const prepared = await preparePlan(there, onlyMoves(manifest, moves), {signal})
    const question = `make ${moves.join(', ')} anew at ${to}, without the data they had at ${primary.name}?`
    if (!(await options.approve(question))) return {...result, moved: [], done: false}
    // Noted before: an interrupted one must not look as if nothing had been made.
    await noteMoves(session, {from: primary.name, to, moves, left: left.map(({name}) => name)})
    await runPlan(there, prepared, {signal, progress: options.progress})
    return {...result, moved: moves, done: true}
  })
}

function policyOf({context}: Session, wanted: string | undefined): {readonly to: string; readonly afterMs: number} {
  const to = wanted ?? context.failover?.to
  if (to !== undefined) return {to, afterMs: context.failover?.after ?? 0}
  throw new OmniError('USAGE', `the context '${context.name}' has no fail-over`, {
    hint: `--failover-to PROVIDER, or write failover: {to: PROVIDER, after: 60s} into the context: omni config edit`,
  })
}

/** The one that is named: an automatic choice would take whoever answers. */
function openPrimary(session: Session): Promise<InstanceProvider> {
  const id = session.context.providers?.instances
  if (id !== undefined) return session.open('instance', id)
  throw new OmniError('USAGE', `the context '${session.context.name}' does not say who makes its machines`, {
    hint: 'omni switch PROVIDER --force',
  })
}

/** Watches the first driver for the time of the policy; a single answer is enough to refuse. */
async function mustBeSilent(
  primary: InstanceProvider,
  {afterMs, signal}: {readonly afterMs: number; readonly signal: AbortSignal},
): Promise<void> {
  const answered = await poll(
    {everyMs: growing, timeoutMs: afterMs + ANSWER_MS + ASK_EVERY_MS, signal},
    untilOver(primary, afterMs, signal),
  )
  if (answered === 'silent') return
  throw new OmniError('CONFLICT', `'${primary.name}' answers: nothing is made anew elsewhere`, {
    hint: 'omni health --recover',
  })
}

function untilOver(primary: InstanceProvider, afterMs: number, signal: AbortSignal) {
  const started = performance.now()
  return async (): Promise<'answers' | 'silent' | undefined> => {
    if (await isAnswering(primary, signal)) return 'answers'
    return performance.now() - started >= afterMs ? 'silent' : undefined
  }
}

/** An answer that we may not come in is an answer, and so is a failure that the server tells. */
async function isAnswering(primary: InstanceProvider, signal: AbortSignal): Promise<boolean> {
  try {
    await primary.list({signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)])})
    return true
  } catch (error) {
    signal.throwIfAborted()
    if (isAbort(error)) return false
    return !isOmniError(error) || !SILENCE.has(error.code) || isAnswer(error.details)
  }
}

const SILENCE: ReadonlySet<string> = new Set(['UNAVAILABLE', 'TIMEOUT'])

/** A server that fails has an HTTP status, and may well have running machines. */
const isAnswer = (details: unknown): boolean => typeof details === 'object' && details !== null && 'status' in details

const mayStillRun = (primary: string, moves: readonly string[]): OmniError =>
  new OmniError(
    'CONFLICT',
    `'${primary}' does not answer, but ${moves.join(', ')} may still run there: two of each would be worse than none`,
    {hint: 'turn its machine off, then the same command with --primary-is-gone'},
  )

const nothingMoves = (left: readonly LeftBehind[]): OmniError =>
  new OmniError('UNSUPPORTED', ['no machine of the plan may be made anew:', ...left.map(leftText)].join('\n'), {
    hint: 'write `failover: recreate` at machines that hold no data',
    details: {left},
  })

const leftText = ({name, reason}: LeftBehind): string => `${name}: ${reason}`

/** Machines of the same names that somebody else made there. */
async function refuseForeign(
  session: Session,
  secondary: InstanceProvider,
  {from, moves, signal}: {readonly from: string; readonly moves: readonly string[]; readonly signal: AbortSignal},
): Promise<void> {
  const [{moved}, there] = await Promise.all([readMemory(session), secondary.list({signal})])
  const ours = new Set(moved.filter((one) => one.from === from && one.to === secondary.name).map(({name}) => name))
  const foreign = there.map(({name}) => name).filter((name) => moves.includes(name) && !ours.has(name))
  if (foreign.length === 0) return
  throw new OmniError('CONFLICT', `'${secondary.name}' has ${foreign.join(', ')} already, and no fail-over made them`, {
    hint: `omni get instances --provider ${secondary.name}`,
  })
}

const onlyMoves = (manifest: Manifest, moves: readonly string[]): Manifest => ({
  ...manifest,
  resources: manifest.resources.filter(
    ({kind, name}) => kind !== 'service' && (kind !== 'instance' || moves.includes(name)),
  ),
})

async function noteMoves(
  session: Session,
  {from, to, moves, left}: Pick<FailoverResult, 'from' | 'to'> & Readonly<Record<'moves' | 'left', readonly string[]>>,
): Promise<void> {
  const at = new Date().toISOString()
  const note = (name: string): MovedMachine => ({name, from, to, at})
  await changeMemory(session, (memory) => {
    const moved = [...memory.moved.filter(({name}) => !moves.includes(name)), ...moves.map(note)]
    const stays = left.filter((name) => !moved.some((one) => one.name === name))
    const before = memory.left.filter(({name}) => !moves.includes(name) && !left.includes(name))
    return {...memory, moved, left: [...before, ...stays.map(note)]}
  })
}
