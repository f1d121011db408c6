import type {Service, ServiceFailure} from '@omni-cli/sdk'

/** One entry of Orca's status, with the fields of its later versions. */
export function toServiceStatus(service: Service) {
  const {spec, replicas, lastFailure} = service
  const memory = sumOf(replicas.map((replica) => replica.memoryBytes))
  const cpu = sumOf(replicas.map((replica) => replica.cpuPercent))
  const node = replicas.find((replica) => replica.node !== undefined)?.node
  return {
    name: service.name,
    ...(service.project === undefined ? {} : {project: service.project}),
    image: spec.image ?? spec.module ?? '',
    // Orca knows these two only; clients of its own refuse other words.
    runtime: spec.runtime === 'wasm' ? 'wasm' : 'container',
    desired_replicas: service.desiredReplicas,
    running_replicas: service.runningReplicas,
    status: statusWord(service),
    domain: spec.domain ?? spec.domains?.[0] ?? null,
    domains: [...new Set([...(spec.domain === undefined ? [] : [spec.domain]), ...(spec.domains ?? [])])],
    depends_on: spec.depends_on,
    ...(node === undefined ? {} : {node}),
    ...(spec.resources?.memory === undefined ? {} : {memory_limit_bytes: spec.resources.memory}),
    ...(memory === undefined ? {} : {memory_usage: wholeUnits(memory)}),
    ...(cpu === undefined ? {} : {cpu_percent: Math.round(cpu * 100) / 100}),
    ...(lastFailure === undefined ? {} : {last_failure: toLastFailure(lastFailure)}),
  }
}

export function statusWord(service: Pick<Service, 'runningReplicas' | 'desiredReplicas'>): string {
  if (service.runningReplicas === 0 && service.desiredReplicas > 0) return 'stopped'
  return service.runningReplicas < service.desiredReplicas ? 'degraded' : 'running'
}

const toLastFailure = (failure: ServiceFailure) => ({
  reason: failure.reason,
  message: failure.message,
  ...(failure.exit?.code === undefined ? {} : {exit_code: failure.exit.code}),
  restart_count: failure.restarts,
  observed_at: failure.at,
  last_lines: failure.lastLines,
})

const sumOf = (values: readonly (number | undefined)[]): number | undefined => {
  const known = values.filter((value) => value !== undefined)
  return known.length === 0 ? undefined : known.reduce((sum, value) => sum + value, 0)
}

/** `128Mi`: whole, rounded down, in the largest of Orca's four units. */
export function wholeUnits(bytes: number): string {
  for (const [unit, size] of [
    ['Gi', 1024 ** 3],
    ['Mi', 1024 ** 2],
    ['Ki', 1024],
  ] as const) {
    if (bytes >= size) return `${Math.floor(bytes / size)}${unit}`
  }
  return `${Math.floor(bytes)}B`
}
