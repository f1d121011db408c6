import {createHash, randomBytes} from 'node:crypto'
import type {ServiceSpec} from '@omni-cli/sdk'

/** Names that Docker takes for containers, networks and volumes. */
export const DOCKER_NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/

/** Network of services with `internal`. */
export const INTERNAL_NETWORK = 'orca-internal'

/** The one network of a service: what the spec says, its project, or the first part of its name, as Orca has it. */
export const networkOf = ({network, project, name}: Pick<ServiceSpec, 'network' | 'project' | 'name'>): string =>
  `orca-${network ?? project ?? name.split('-')[0]}`

/** Names it answers to on its network. */
export const aliasesOf = ({name, aliases}: Pick<ServiceSpec, 'name' | 'aliases'>): string[] => [
  ...new Set([name, `orca-${name}`, ...aliases]),
]

/** What Orca calls the replica. Names of services and replicas can be the same: `web-1`. */
export const replicaLabel = (service: string, index: number, replicas: number | 'auto'): string =>
  replicas === 1 && index === 0 ? service : `${service}-${index}`

/** The name that people look for. */
export const finalName = (service: string, index: number, replicas: number | 'auto'): string =>
  `orca-${replicaLabel(service, index, replicas)}`

/** A name for as long as another container has the final one. Names of services have no dots. */
export const freeName = (final: string, release: string): string =>
  `${final}.${release}-${randomBytes(3).toString('hex')}`

/** The name of a container that has ended and is only kept for its logs. */
export const endedName = (final: string, id: string): string => `${final}.ended-${id.slice(0, 12)}`

export const isEndedName = (name: string): boolean => /\.ended-[0-9a-f]{12}$/.test(name)

/**
 * Names of the volume of a replica, as they are tried: that of Orca; then, where that belongs to somebody else (to service
 * `web-1` what we would call so for replica 1 of `web`, or to another server), one that cannot.
 */
export function volumeNames(service: string, index: number, owner: string) {
  const own = index === 0 ? `orca-${service}-data` : `orca-${service}-${index}-data`
  const key = createHash('sha256').update(owner).digest('hex').slice(0, 8)
  // An Orca with several replicas counts from 0.
  return {
    own,
    older: index === 0 ? `orca-${service}-0-data` : undefined,
    fallback: `orca-${service}.${index}.${key}-data`,
  }
}
