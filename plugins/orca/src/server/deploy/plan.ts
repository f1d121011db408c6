import {type ErrorCode, nameProblem, type ServiceSpec, strategyOf} from '@omni-cli/sdk'
import type {Runtime} from '../../runtimes/runtime.ts'
import {triggerProblems, triggerWarnings} from '../cron/triggers.ts'
import {probeProblems} from '../probes/probe-plan.ts'
import {hostsOf, portOf} from '../routes.ts'
import type {SecretResolver} from '../secrets/secrets.ts'
import {examineSpec} from '../tls/open-tls.ts'
import {reachProblems} from './environment.ts'
import {isSameVersion} from './spec.ts'

export interface Problem {
  readonly code: ErrorCode
  readonly message: string
}

/** A service that is in the store. */
export interface Deployed {
  readonly spec: ServiceSpec
  readonly port: number | undefined
}

export interface DeployPlan {
  /** In dependency order; of two with the same name the last one counts. */
  readonly specs: readonly ServiceSpec[]
  /** Why a service is not deployed at all. */
  readonly problems: ReadonlyMap<string, Problem>
  readonly warnings: readonly string[]
}

/** What a deploy is judged by. */
export interface Means {
  readonly runtime: Pick<Runtime, 'problems' | 'warnings'>
  readonly secrets: Pick<SecretResolver, 'missing'>
}

/**
 * Everything that can be known before anything is touched.
 * @param isTolerant dependencies that cannot be are no problem
 */
export function planDeploy(
  specs: readonly ServiceSpec[],
  deployed: ReadonlyMap<string, Deployed>,
  means: Means & {readonly isTolerant?: boolean | undefined},
): DeployPlan {
  const wanted = new Map(specs.map((spec) => [spec.name, spec]))
  const after = new Map([...deployed].map(([name, {spec}]) => [name, spec] as const).concat([...wanted]))
  const problems = new Map<string, Problem>()
  for (const spec of wanted.values()) {
    const dependency = means.isTolerant === true ? undefined : dependencyProblem(spec, after)
    const problem = specProblem(spec, means) ?? dependency ?? conflictProblem(spec, after, deployed)
    if (problem !== undefined) problems.set(spec.name, problem)
  }
  const warnings = [...wanted.values()].flatMap((spec) =>
    [
      ...means.runtime.warnings(spec),
      ...triggerWarnings(spec),
      ...volumeWarnings(spec, deployed.get(spec.name)),
      ...examineSpec(spec).warnings,
    ].map((warning) => `${spec.name}: ${warning}`),
  )
  return {specs: inOrder(wanted), problems, warnings}
}

function specProblem(spec: ServiceSpec, {runtime, secrets}: Means): Problem | undefined {
  const name = nameProblem(spec.name)
  if (name !== undefined) return {code: 'MANIFEST_INVALID', message: name}
  const unset = secrets.missing(spec.env, spec.project)
  if (unset.length > 0) {
    const act = `omni secrets set ${unset[0]}${spec.project === undefined ? '' : ` --project ${spec.project}`}`
    return {
      code: 'MANIFEST_INVALID',
      message: `the environment needs secrets that are not set: ${unset.join(', ')}; set them: ${act}`,
    }
  }
  const problems = [
    ...runtime.problems(spec),
    ...probeProblems(spec),
    ...triggerProblems(spec),
    ...examineSpec(spec).problems,
  ]
  return problems.length === 0 ? undefined : {code: 'MANIFEST_INVALID', message: problems.join('; ')}
}

function dependencyProblem(spec: ServiceSpec, after: ReadonlyMap<string, ServiceSpec>): Problem | undefined {
  const missing = spec.depends_on.filter((name) => !after.has(name))
  if (missing.length > 0) {
    const names = missing.map((name) => `'${name}'`).join(', ')
    return {code: 'MANIFEST_INVALID', message: `it depends on ${names}, which is neither deployed nor in this deploy`}
  }
  const cycle = findCycle(spec.name, after)
  const problems = [
    ...(cycle === undefined ? [] : [`it depends on itself: ${cycle.join(' → ')}`]),
    ...reachProblems(spec, (name) => after.get(name)),
  ]
  return problems.length === 0 ? undefined : {code: 'MANIFEST_INVALID', message: problems.join('; ')}
}

/** Two versions at once may harm what only one process expects to write. */
function volumeWarnings(spec: ServiceSpec, before: Deployed | undefined): string[] {
  const isShared = spec.volume !== undefined && strategyOf(spec) !== 'recreate'
  if (!isShared || before === undefined || isSameVersion(before.spec, spec)) return []
  return ['the old and the new version use its volume at the same time for a moment; the strategy recreate avoids that']
}

/** The shortest way from a service back to itself. */
export function findCycle(start: string, specs: ReadonlyMap<string, ServiceSpec>): string[] | undefined {
  const seen = new Set<string>()
  let paths: string[][] = [[start]]
  while (paths.length > 0) {
    const longer: string[][] = []
    for (const path of paths) {
      for (const next of specs.get(path.at(-1) ?? '')?.depends_on ?? []) {
        if (next === start) return [...path, next]
        if (!seen.has(next)) longer.push([...path, next])
        seen.add(next)
      }
    }
    paths = longer
  }
  return undefined
}

/** Two services must not claim the same port, or the same host name with the same path. */
function conflictProblem(
  spec: ServiceSpec,
  after: ReadonlyMap<string, ServiceSpec>,
  deployed: ReadonlyMap<string, Deployed>,
): Problem | undefined {
  const others = [...after.values()].filter(({name}) => name !== spec.name)
  if (spec.host_port !== undefined) {
    const owner = others.find((other) => portOf(other, deployed.get(other.name)?.port) === spec.host_port)
    if (owner !== undefined) {
      return {code: 'CONFLICT', message: `host_port ${spec.host_port} belongs to '${owner.name}'`}
    }
  }
  const claims = claimsOf(spec)
  for (const other of others) {
    const both = claimsOf(other).find((claim) => claims.includes(claim))
    if (both !== undefined) return {code: 'CONFLICT', message: `'${both}' is served by '${other.name}' already`}
  }
  return undefined
}

const claimsOf = (spec: ServiceSpec): string[] =>
  hostsOf(spec).flatMap((host) => (spec.routes.length === 0 ? [host] : spec.routes.map((path) => `${host}${path}`)))

/** Dependencies first, else in the given order; members of a cycle, and what depends on them, come last. */
export function inOrder(wanted: ReadonlyMap<string, ServiceSpec>): ServiceSpec[] {
  const ordered = new Map<string, ServiceSpec>()
  let rest = [...wanted.values()]
  for (;;) {
    const isFree = ({depends_on}: ServiceSpec) => depends_on.every((name) => ordered.has(name) || !wanted.has(name))
    const free = rest.filter(isFree)
    if (free.length === 0) return [...ordered.values(), ...rest]
    for (const spec of free) ordered.set(spec.name, spec)
    rest = rest.filter(({name}) => !ordered.has(name))
  }
}
