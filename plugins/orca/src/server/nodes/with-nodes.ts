import {isOmniError, messageOf, OmniError, type ServiceSpec} from '@omni-cli/sdk'
import type {Control, DeployOutcome, DeployRequestOptions} from '../control.ts'
import {agentCannot, type NodeBook} from './node-book.ts'

type DeployError = DeployOutcome['errors'][number]

/** The orchestrator of this machine, with the services that were placed on others. */
export function withNodes(control: Control, nodes: NodeBook): Control {
  /** Agents can only deploy: everything else is refused for services of other nodes. */
  const here = async <T>(name: string, verb: string, work: () => Promise<T>): Promise<T> => {
    refuseRemote(nodes, name, verb)
    return work()
  }
  return override(control, {
    nodes: async () => nodes.list(),
    // The orchestrator knows this machine only.
    metrics: async () => (await control.metrics()).replace(/^(orca_nodes_total) 1$/m, `$1 ${nodes.list().length}`),
    deploy: (specs, options) => deploy(control, nodes, specs, options),
    async list(project) {
      const remote = nodes.services().filter((service) => project === undefined || service.project === project)
      return [...(await control.list(project)), ...remote]
    },
    get: async (name) => nodes.service(name) ?? control.get(name),
    async remove(name, options) {
      if (nodes.service(name) === undefined) return control.remove(name, options)
      nodes.forget(name)
    },
    scale: (name, replicas, actor) => here(name, 'scale', () => control.scale(name, replicas, actor)),
    start: (name, actor) => here(name, 'start', () => control.start(name, actor)),
    stop: (name, actor) => here(name, 'stop', () => control.stop(name, actor)),
    restart: (name, actor) => here(name, 'restart', () => control.restart(name, actor)),
    releases: (name) => here(name, 'list releases', () => control.releases(name)),
    redeploy: (name, options) => here(name, 'redeploy', () => control.redeploy(name, options)),
    promote: (name, actor) => here(name, 'promote', () => control.promote(name, actor)),
    abortCanary: (name, actor) => here(name, 'abort', () => control.abortCanary(name, actor)),
    decideCanary: (name, options) => here(name, 'decide', () => control.decideCanary(name, options)),
    rollback: (name, options) => here(name, 'roll back', () => control.rollback(name, options)),
    exec: (name, request) => here(name, 'run programs inside', () => control.exec(name, request)),
    logs(name, options) {
      refuseRemote(nodes, name, 'show logs')
      return control.logs(name, options)
    },
  })
}

/** The control with some of its methods replaced; all others are its own, whatever there are. */
const override = (control: Control, methods: Partial<Control>): Control =>
  new Proxy(control, {
    get(target, key) {
      if (Object.hasOwn(methods, key)) return Reflect.get(methods, key)
      const value: unknown = Reflect.get(target, key)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })

function refuseRemote(nodes: NodeBook, name: string, verb: string): void {
  const service = nodes.service(name)
  if (service !== undefined) throw agentCannot(name, {address: service.replicas[0]?.node ?? 'unknown'}, verb)
}

async function deploy(
  control: Control,
  nodes: NodeBook,
  specs: readonly ServiceSpec[],
  options: DeployRequestOptions,
): Promise<DeployOutcome> {
  const errors: DeployError[] = []
  const [local, remote]: [ServiceSpec[], ServiceSpec[]] = [[], []]
  for (const spec of specs) {
    const problem = nodes.placementProblem(spec) ?? (await moveProblem(control, nodes, spec))
    if (problem !== undefined) errors.push({service: spec.name, ...problem})
    else if (nodes.isRemote(spec)) remote.push(spec)
    else local.push(spec)
  }
  const outcome = await control.deploy(local, options)
  const failures = await Promise.all(remote.map((spec) => deployRemote(nodes, spec, options)))
  return {
    deployed: [
      ...outcome.deployed,
      ...remote.filter((_, index) => failures[index] === undefined).map(({name}) => name),
    ],
    errors: [...errors, ...outcome.errors, ...failures.filter((failure) => failure !== undefined)],
    warnings: outcome.warnings,
  }
}

/** A service is in one place: nothing would end the old one. */
async function moveProblem(control: Control, nodes: NodeBook, spec: ServiceSpec) {
  const [isRemote, wasRemote] = [nodes.isRemote(spec), nodes.service(spec.name) !== undefined]
  if (isRemote === wasRemote) return undefined
  if (wasRemote) return {code: 'CONFLICT', message: 'it runs on another node: remove it first'} as const
  if ((await control.get(spec.name)) === undefined) return undefined
  return {
    code: 'CONFLICT',
    message: `it runs on this machine: omni delete service ${spec.name}, then deploy it`,
  } as const
}

async function deployRemote(
  nodes: NodeBook,
  spec: ServiceSpec,
  {signal, onProgress, onlyNew}: DeployRequestOptions,
): Promise<DeployError | undefined> {
  try {
    if (onlyNew === true && nodes.service(spec.name) !== undefined) {
      throw new OmniError('CONFLICT', `service '${spec.name}' exists already`)
    }
    await nodes.deployRemote(spec, {signal, note: (note) => onProgress?.({service: spec.name, note})})
    return undefined
  } catch (error) {
    const code = isOmniError(error) ? error.code : undefined
    return {service: spec.name, code, message: messageOf(error)}
  }
}
