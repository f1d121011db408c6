import {
  type CallOptions,
  type InstanceProvider,
  isAbort,
  isOmniError,
  mapLimit,
  messageOf,
  nameProblem,
  OmniError,
  type ServiceEngine,
} from '@omni-cli/sdk'
import type {Session} from '@omni-cli/sdk/cli'
import {notFound} from '../apps/act.ts'
import {knownNames} from '../completion/names.ts'
import {instanceKind} from '../resources/instance.ts'
import type {AnyKind} from '../resources/kind.ts'
import {isConfigured, parseTargets} from '../resources/target.ts'
import {kindsInWords, machineOf, servedKinds, serviceOf, type Workload} from './workload.ts'

const LOOKS_AT_ONCE = 16

/**
 * The things that words name, each once. A name alone is looked up among all kinds. NOT_FOUND that tells all that are
 * nowhere and which kinds could not be looked up; CONFLICT, with the choices, for a name that several kinds have.
 */
export async function lookUpNames(
  session: Session,
  words: readonly string[],
  {kinds, signal}: CallOptions & {readonly kinds: readonly AnyKind[]},
): Promise<Workload[]> {
  const served = servedKinds(session, kinds)
  const questions = parseTargets(words, kinds).map(({kind, name}) => ({
    name,
    kinds: kind === undefined ? served : [kind],
  }))
  for (const question of questions) refuseName(question)
  const drivers = openOnce(session)
  const answers = await mapLimit(questions, LOOKS_AT_ONCE, (question) => ask(session, question, drivers, {signal}))
  const missing = answers.filter(({found}) => found.length === 0)
  for (const answer of missing) throwReason(session, answer)
  if (missing.length > 0) throw await allMissing(missing, drivers, {signal})
  return [...new Map(answers.map((answer) => only(answer)).map((workload) => [workload.ref, workload])).values()]
}

interface Question {
  readonly name: string
  readonly kinds: readonly AnyKind[]
}

interface Answer extends Question {
  readonly found: readonly Workload[]
  /** Kinds that nobody could look up, and why. */
  readonly failures: ReadonlyMap<AnyKind, unknown>
}

/** Each driver is opened once, however many names there are: an automatic choice asks the engines. */
function openOnce(session: Session) {
  let engine: Promise<ServiceEngine> | undefined
  let provider: Promise<InstanceProvider> | undefined
  return {
    service() {
      engine ??= session.open('service')
      return engine
    },
    instance() {
      provider ??= session.open('instance')
      return provider
    },
  }
}

type Drivers = ReturnType<typeof openOnce>

/** Backends know more names than ours: capitals, a digit in front. */
const MACHINE_NAME = /^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/

function refuseName({name, kinds}: Question): void {
  const problem = nameProblem(name)
  if (problem === undefined || (kinds.includes(instanceKind) && MACHINE_NAME.test(name))) return
  throw new OmniError('USAGE', `'${name}' names no ${kindsInWords(kinds)}: ${problem}`, {
    hint: `omni get ${kinds[0]?.plural}`,
  })
}

/**
 * A service that is found is what is meant, unless the context says who serves instances or one of that name was seen:
 * those who have no machines do not wait for the answer that there are none.
 */
async function ask(session: Session, question: Question, drivers: Drivers, call: CallOptions): Promise<Answer> {
  const {name, kinds} = question
  const isQuick = kinds.length > 1 && !isConfigured(session, instanceKind) && !isKnownMachine(session, name)
  if (!isQuick) return askIn(kinds, question, drivers, call)
  const first = kinds.filter((kind) => kind !== instanceKind)
  const answer = await askIn(first, question, drivers, call)
  if (answer.found.length > 0) return answer
  const rest = await askIn([instanceKind], question, drivers, call)
  return {...question, found: rest.found, failures: new Map([...answer.failures, ...rest.failures])}
}

const isKnownMachine = ({home, context}: Session, name: string): boolean =>
  knownNames({home, context: context.name}, instanceKind.kind).names.some(([known]) => known === name)

async function askIn(
  kinds: readonly AnyKind[],
  question: Question,
  drivers: Drivers,
  call: CallOptions,
): Promise<Answer> {
  const failures = new Map<AnyKind, unknown>()
  const looks = kinds.map(async (kind) => {
    try {
      return await find(kind, question.name, drivers, call)
    } catch (error) {
      if (isAbort(error) || !isOmniError(error)) throw error
      failures.set(kind, error)
      return undefined
    }
  })
  const found = (await Promise.all(looks)).filter((workload) => workload !== undefined)
  return {...question, found, failures}
}

async function find(kind: AnyKind, name: string, drivers: Drivers, call: CallOptions): Promise<Workload | undefined> {
  if (kind === instanceKind) {
    const provider = await drivers.instance()
    const instance = await provider.get(name, call)
    return instance === undefined ? undefined : machineOf(provider, instance)
  }
  if (nameProblem(name) !== undefined) return undefined
  const engine = await drivers.service()
  const service = await engine.get(name, call)
  return service === undefined ? undefined : serviceOf(engine, service)
}

function only({name, found}: Answer): Workload {
  const [first, ...others] = found
  if (first !== undefined && others.length === 0) return first
  const choices = found.map(({ref}) => ref)
  throw new OmniError('CONFLICT', `'${name}' is the name of several things: ${choices.join(', ')}`, {
    hint: `write ${choices.join(' or ')}`,
    details: {choices},
  })
}

/** Where the name may well be, nobody answers: that is the error, not that the name is unknown. */
function throwReason(session: Session, {kinds, failures}: Answer): void {
  for (const [kind, failure] of failures) {
    if (failures.size === kinds.length || isConfigured(session, kind)) throw failure
  }
}

async function allMissing(missing: readonly Answer[], drivers: Drivers, call: CallOptions): Promise<OmniError> {
  const lines = await Promise.all(missing.map((answer) => missingLines(answer, drivers, call)))
  return new OmniError('NOT_FOUND', lines.join('\n'), {
    hint: `omni get ${missing[0]?.kinds[0]?.plural ?? 'services'}`,
    details: {missing: missing.map(({name}) => name)},
  })
}

async function missingLines({name, kinds, failures}: Answer, drivers: Drivers, call: CallOptions): Promise<string> {
  const looked = kinds.filter((kind) => !failures.has(kind))
  const texts = await Promise.all(
    looked.map(async (kind) => {
      const driver = kind === instanceKind ? await drivers.instance() : await drivers.service()
      const known = await driver.list(call)
      return notFound(
        name,
        known.map((one) => one.name),
        kind.kind,
      ).message
    }),
  )
  const reasons = [...failures].map(([kind, error]) => `${kind.plural} could not be looked up: ${messageOf(error)}`)
  return [...texts, ...reasons].join('\n')
}
