import {type Identity, ORCA} from './labels.ts'
import type {Summary} from './wire.ts'

/**
 * Which replicas the containers of an Orca are. Its label is the name of the service, with `-<index>` behind when there
 * was more than one replica, which may be a service of that name as well: it is a replica when there is a first one of
 * the same image.
 */
export function orcaIdentities(containers: readonly Summary[]): Map<string, Identity> {
  const named = containers.map(({Id, ImageID, Labels}) => ({
    id: Id,
    image: ImageID,
    label: Labels?.[ORCA.service] ?? '',
  }))
  return new Map(
    named.map(({id, image, label}) => {
      const [, base, index] = /^(.+)-(\d{1,4})$/.exec(label) ?? []
      const isFirst = (other: string) => other === `${base}-0` || other === base
      const isReplica = named.some((other) => isFirst(other.label) && other.image === image)
      const own = base === undefined || !isReplica ? {service: label, index: 0} : {service: base, index: Number(index)}
      return [id, {...own, release: ''}]
    }),
  )
}
