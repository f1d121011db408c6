import type {ApiObject} from '@omni-cli/sdk'
import type {Json} from './values.ts'

/** Metadata that only the server writes. */
export const SERVER_METADATA = [
  'managedFields',
  'resourceVersion',
  'uid',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'selfLink',
] as const

/**
 * What is sent of a written object: without what only the server writes. A version in it would make each apply a conflict; whole
 * objects from `get -o yaml` can be applied as they are.
 */
export function sendable(object: ApiObject, namespace: string | undefined): ApiObject {
  const {status: _, ...rest} = object
  return {...rest, metadata: {...ownMetadata(object.metadata), name: object.metadata.name, ...placed(namespace)}}
}

const placed = (namespace: string | undefined): {namespace?: string} => (namespace === undefined ? {} : {namespace})

/** The metadata without the server's part and without the namespace. */
export function ownMetadata(metadata: Json): Json {
  const {namespace: _, ...own} = metadata
  return Object.fromEntries(Object.entries(own).filter(([key]) => !SERVER_METADATA.some((name) => name === key)))
}

/** What two states of an object are compared by. */
export function comparable(object: ApiObject): Json {
  const {status: _, ...rest} = object
  return {...rest, metadata: ownMetadata(object.metadata)}
}
