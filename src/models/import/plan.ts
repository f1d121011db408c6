import {
  type CallOptions,
  isAbort,
  type ModelCatalog,
  type ModelSource,
  type ModelSpec,
  mapLimit,
  messageOf,
  OmniError,
  type ResolvedModel,
} from '@omni-cli/sdk'
import {differences, type SpecWishes, specOf} from './spec.ts'
import type {WantedModel} from './wanted.ts'

/** What an import would do with one model. */
export interface PlannedModel {
  readonly found: ResolvedModel
  readonly spec: ModelSpec
  /** `exists`: it is there and nothing differs. */
  readonly action: 'create' | 'exists'
}

/** The Secret that the models of closed repositories need. */
export interface PlannedSecret {
  readonly name: string
  readonly namespace?: string | undefined
  /** Where the token is taken from; absent: the Secret is there already. */
  readonly from?: string | undefined
}

export interface ImportPlan {
  readonly models: readonly PlannedModel[]
  readonly secrets: readonly PlannedSecret[]
  /** Models that are left out, and why. */
  readonly skipped: readonly {readonly ref: string; readonly reason: string}[]
}

export interface PlanQuestion extends CallOptions {
  readonly source: ModelSource
  /** Absent: nothing is created. */
  readonly catalog?: ModelCatalog | undefined
  readonly wanted: readonly WantedModel[]
  readonly wishes: SpecWishes
  /** Closed repositories are left out instead of refused. */
  readonly maySkip?: boolean | undefined
}

const AT_ONCE = 4

/**
 * Finds out what the wanted models are and what is there, and changes nothing. Everything that is wrong is told at once: names
 * that mean nothing, terms that are not accepted, models that are there and differ, two of the same name.
 */
export async function planImport(question: PlanQuestion): Promise<ImportPlan> {
  const {wanted, catalog} = question
  const looked = await mapLimit(wanted, AT_ONCE, (one) => lookAt(question, one))
  const skipped = looked.flatMap((one) => ('skipped' in one ? [one.skipped] : []))
  const models = eachOnce(looked.flatMap((one) => ('planned' in one ? [one.planned] : [])))
  const failures = looked.flatMap((one) => ('problem' in one ? [one] : []))
  const [first, ...others] = failures
  if (first !== undefined && wanted.length === 1) throw first.error
  const problems = [first, ...others].flatMap((one) => (one === undefined ? [] : [one.problem]))
  problems.push(...twins(models))
  if (problems.length > 0) {
    throw new OmniError('MANIFEST_INVALID', `nothing was created:\n${problems.join('\n')}`, {
      details: {problems},
      cause: first?.error,
    })
  }
  return {models, skipped, secrets: catalog === undefined ? [] : await planSecrets(question, catalog, models)}
}

type Looked =
  | {readonly planned: PlannedModel}
  | {readonly skipped: ImportPlan['skipped'][number]}
  | {readonly problem: string; readonly error: unknown}

async function lookAt(question: PlanQuestion, {ref, origin}: WantedModel): Promise<Looked> {
  const {source, catalog, wishes, maySkip = false, ...call} = question
  try {
    const found = await source.resolve(ref, {signal: call.signal})
    if (found.readable === false) {
      const error = closed(found)
      return maySkip ? {skipped: {ref: found.ref, reason: error.message}} : {problem: at(origin, error), error}
    }
    return {planned: await plannedModel({catalog, spec: specOf(found, wishes), found, signal: call.signal})}
  } catch (error) {
    if (isAbort(error)) throw error
    return {problem: at(origin, error), error}
  }
}

const at = (origin: string | undefined, error: unknown): string =>
  origin === undefined ? messageOf(error) : `${origin}: ${messageOf(error)}`

function closed({ref, access, terms}: ResolvedModel): OmniError {
  if (access !== 'gated') return new OmniError('FORBIDDEN', `the token in use may not read the files of '${ref}'`)
  return new OmniError('FORBIDDEN', `the terms of '${ref}' are not accepted: a node could not fetch its files`, {
    hint: `accept them at ${terms ?? ref}, and set HF_TOKEN to a token of that account`,
  })
}

interface Candidate extends CallOptions {
  readonly catalog: ModelCatalog | undefined
  readonly spec: ModelSpec
  readonly found: ResolvedModel
}

/** CONFLICT when another model has the name. */
async function plannedModel({catalog, spec, found, signal}: Candidate): Promise<PlannedModel> {
  const there = await catalog?.models.get(spec.name, {signal})
  if (there === undefined) return {found, spec, action: 'create'}
  const differing = differences(spec, there)
  if (differing.length === 0) return {found, spec, action: 'exists'}
  throw new OmniError('CONFLICT', `a model '${spec.name}' is there already and differs\n${differing.join('\n')}`, {
    hint: `omni import … --name ANOTHER, or omni delete model ${spec.name} first`,
    details: {name: spec.name, differences: differing},
  })
}

/** The same model may be written in several ways. */
const eachOnce = (models: readonly PlannedModel[]): PlannedModel[] => [
  ...new Map(models.map((model) => [model.spec.source, model])).values(),
]

function twins(models: readonly PlannedModel[]): string[] {
  const byName = Map.groupBy(models, ({spec}) => spec.name)
  return [...byName].flatMap(([name, same]) =>
    same.length < 2 ? [] : [`${same.map(({found}) => found.ref).join(' and ')} would both be called '${name}'`],
  )
}

/** A token is only handed over where one is needed, and one that is there stays. */
async function planSecrets(
  {source, signal}: PlanQuestion,
  {credentials}: ModelCatalog,
  models: readonly PlannedModel[],
): Promise<PlannedSecret[]> {
  const needed = new Map(
    models.flatMap(({spec: {secret, namespace}, action}) =>
      secret === undefined || action === 'exists' ? [] : [[`${namespace ?? ''}/${secret}`, {name: secret, namespace}]],
    ),
  )
  const secrets: PlannedSecret[] = []
  for (const secret of needed.values()) {
    if (credentials === undefined || (await credentials.has(secret.name, {...secret, signal}))) {
      secrets.push(secret)
      continue
    }
    const credential = await source.credential?.()
    if (credential === undefined) {
      throw new OmniError(
        'UNAUTHORIZED',
        `the nodes need a token in the Secret '${secret.name}', and there is none to put there`,
        {
          hint: 'set HF_TOKEN, or name another Secret with --secret',
        },
      )
    }
    secrets.push({...secret, from: credential.from})
  }
  return secrets
}
