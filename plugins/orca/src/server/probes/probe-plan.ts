import type {ProbeSpec, ServiceSpec} from '@omni-cli/sdk'

/** One way to ask a replica. `port` undefined = the service's own. */
export type ProbeTarget =
  | {readonly kind: 'http'; readonly path: string; readonly port: number | undefined}
  | {readonly kind: 'tcp'; readonly port: number | undefined}
  | {readonly kind: 'exec'; readonly argv: readonly string[]}

export interface Probe {
  readonly name: 'startup' | 'readiness' | 'liveness'
  readonly target: ProbeTarget
  readonly intervalMs: number
  readonly timeoutMs: number
  readonly failureThreshold: number
  readonly initialDelayMs: number
}

export interface ProbePlan {
  /** Passed one after the other before a replica gets requests. Empty = it only has to stay alive for a moment. */
  readonly gate: readonly Probe[]
  /** The spec says no probe: that the port accepts is all we ask, and proves little. */
  readonly isGuess: boolean
  /** Asked all the time once ready; decides about requests. */
  readonly readiness: Probe | undefined
  /** Asked all the time once ready; failing means a restart. */
  readonly liveness: Probe | undefined
}

/** Which probes a service has. `health` is Orca's short form of startup and liveness. */
export function planProbes(spec: ServiceSpec): ProbePlan {
  const startup = toProbe('startup', spec.startup) ?? fromPath('startup', spec.health)
  const liveness = toProbe('liveness', spec.liveness) ?? fromPath('liveness', spec.health)
  const readiness = toProbe('readiness', spec.readiness) ?? (spec.port === undefined ? undefined : defaultTcp)
  const isGuess = startup === undefined && spec.readiness === undefined
  return {gate: [startup, readiness].filter((probe) => probe !== undefined), isGuess, readiness, liveness}
}

/** Why the probes of the spec cannot work, one text a problem. */
export function probeProblems(spec: ServiceSpec): string[] {
  const {gate, liveness} = planProbes(spec)
  return [...gate, ...(liveness === undefined ? [] : [liveness])]
    .filter(({target}) => target.kind !== 'exec' && target.port === undefined && spec.port === undefined)
    .map(({name}) => `the ${name} probe needs a port, and the service has none`)
}

const DEFAULTS: Pick<Probe, 'intervalMs' | 'timeoutMs' | 'failureThreshold' | 'initialDelayMs'> = {
  intervalMs: 10_000,
  timeoutMs: 3000,
  failureThreshold: 3,
  initialDelayMs: 0,
}

const defaultTcp: Probe = {name: 'readiness', target: {kind: 'tcp', port: undefined}, ...DEFAULTS}

const fromPath = (name: Probe['name'], path: string | undefined): Probe | undefined =>
  path === undefined ? undefined : {name, target: {kind: 'http', path, port: undefined}, ...DEFAULTS}

function toProbe(name: Probe['name'], spec: ProbeSpec | undefined): Probe | undefined {
  if (spec === undefined) return undefined
  return {
    name,
    target: toTarget(spec),
    intervalMs: spec.interval_secs * 1000,
    timeoutMs: spec.timeout_secs * 1000,
    failureThreshold: spec.failure_threshold,
    initialDelayMs: spec.initial_delay_secs * 1000,
  }
}

function toTarget({path, exec, port}: ProbeSpec): ProbeTarget {
  if (path !== undefined) return {kind: 'http', path, port}
  if (exec !== undefined) return {kind: 'exec', argv: exec}
  return {kind: 'tcp', port}
}
