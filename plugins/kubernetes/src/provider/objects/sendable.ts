import type {ApiObject} from '@omni-cli/sdk'
import {groupOf, isMap, type Json} from './values.ts'

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
  const {status: _, ...rest} = withProtocols(object)
  return {...rest, metadata: {...ownMetadata(object.metadata), name: object.metadata.name, ...placed(namespace)}}
}

/** Groups in which a port without a protocol is one of TCP. */
const PORT_GROUPS = ['', 'apps', 'batch', 'ome.io']

/**
 * Ports are told apart by their protocol too, and a server of 1.20 refuses to apply one that leaves it out.
 */
function withProtocols(object: ApiObject): ApiObject {
  if (!PORT_GROUPS.includes(groupOf(object.apiVersion)) || !isMap(object.spec)) return object
  const {ports} = object.spec
  const isService = object.kind === 'Service' && object.apiVersion === 'v1' && Array.isArray(ports)
  const spec = isService ? {...object.spec, ports: ports.map(withTcp)} : withContainerPorts(object.spec)
  return spec === object.spec ? object : {...object, spec}
}

const withTcp = (port: unknown): unknown =>
  isMap(port) && port.protocol === undefined ? {...port, protocol: 'TCP'} : port

/** The same value where there is nothing to add. */
function withContainerPorts(value: unknown): unknown {
  if (Array.isArray(value)) {
    const items = value.map(withContainerPorts)
    return items.some((item, index) => item !== value[index]) ? items : value
  }
  if (!isMap(value)) return value
  if (typeof value.containerPort === 'number') return withTcp(value)
  let changed: Json | undefined
  for (const [key, inner] of Object.entries(value)) {
    const now = typeof inner === 'object' ? withContainerPorts(inner) : inner
    if (now !== inner) changed = {...(changed ?? value), [key]: now}
  }
  return changed ?? value
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
