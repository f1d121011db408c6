import {runtimeOf, type ServiceSpec} from '@omni-cli/sdk'
import {networkOf} from '../../runtimes/docker/names.ts'
import {portOf} from '../routes.ts'

export interface Dependency {
  readonly spec: ServiceSpec
  readonly port: number | undefined
}

interface Place {
  readonly host: string
  readonly port: number
}

/**
 * Environment of a service: `X_HOST`, `X_PORT` and `X_URL` of each dependency, and what the spec says, which wins. Among
 * containers on one network that is the dependency itself, by its name; for processes it is the proxy, which holds over
 * deploys.
 */
export function environmentOf(
  spec: ServiceSpec,
  find: (name: string) => Dependency | undefined,
): Record<string, string> {
  const addresses = spec.depends_on.flatMap((name) => {
    const dependency = find(name)
    const place = dependency === undefined ? undefined : placeOf(spec, dependency)
    if (dependency === undefined || place === undefined) return []
    const scheme = dependency.spec.protocol === 'tcp' ? 'tcp' : 'http'
    return [
      [`${prefixOf(name)}_HOST`, place.host],
      [`${prefixOf(name)}_PORT`, String(place.port)],
      [`${prefixOf(name)}_URL`, `${scheme}://${place.host}:${place.port}`],
    ]
  })
  return {...Object.fromEntries(addresses), ...spec.env}
}

/** Dependencies that it could not reach, one text a problem. One whose address its own environment has is its own affair. */
export function reachProblems(spec: ServiceSpec, find: (name: string) => ServiceSpec | undefined): string[] {
  if (!isContainer(spec)) return []
  return spec.depends_on.flatMap((name) => {
    const other = find(name)
    if (other?.port === undefined || hostInside(spec, other) !== undefined) return []
    const isGiven = ['HOST', 'URL'].some((part) => `${prefixOf(name)}_${part}` in spec.env)
    if (isGiven) return []
    if (isContainer(other)) return [`'${name}' is on another network: give both the same 'network', or 'internal'`]
    const own = `or its address as ${prefixOf(name)}_HOST in the environment`
    return [`a container cannot reach '${name}', which is a process of this machine: run both as containers, ${own}`]
  })
}

const isContainer = (spec: ServiceSpec): boolean => runtimeOf(spec) === 'container'

const prefixOf = (name: string): string => name.toUpperCase().replaceAll('-', '_')

function placeOf(spec: ServiceSpec, {spec: other, port}: Dependency): Place | undefined {
  if (other.port === undefined) return undefined
  if (isContainer(spec)) {
    const host = hostInside(spec, other)
    return host === undefined ? undefined : {host, port: other.port}
  }
  const outside = portOf(other, port)
  return outside === undefined ? undefined : {host: '127.0.0.1', port: outside}
}

/** Name of one container for another; undefined when they share no network. */
function hostInside(spec: ServiceSpec, other: ServiceSpec): string | undefined {
  if (!isContainer(other)) return undefined
  if (networkOf(spec) === networkOf(other)) return other.name
  return spec.internal && other.internal ? `orca-${other.name}` : undefined
}
