/** What JSON can hold. */
export type Json = string | number | boolean | null | Json[] | JsonMap
export type JsonMap = {[field: string]: Json | undefined}

export interface OwnerReference {
  apiVersion: string
  kind: string
  name: string
  uid: string
  controller?: boolean
  blockOwnerDeletion?: boolean
}

export interface ManagedFields {
  manager: string
  operation: 'Apply' | 'Update'
  apiVersion: string
  time: string
  fieldsType: 'FieldsV1'
  fieldsV1: JsonMap
}

export interface KubeMetadata {
  name: string
  namespace?: string | undefined
  generateName?: string
  uid?: string
  resourceVersion?: string | undefined
  generation?: number
  creationTimestamp?: string
  deletionTimestamp?: string
  labels?: Record<string, string>
  annotations?: Record<string, string>
  finalizers?: string[]
  ownerReferences?: OwnerReference[]
  managedFields?: ManagedFields[]
}

/** An object of the API, as tests write and read it. */
export interface KubeObject {
  apiVersion: string
  kind: string
  metadata: KubeMetadata
  // biome-ignore lint/suspicious/noExplicitAny: objects of any kind; tests read what they have written
  [field: string]: any
}

export const isMap = (value: unknown): value is JsonMap =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Equal as JSON; the order of fields does not matter, and absent is the same as undefined. */
export function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, index) => isSame(item, b[index]))
  }
  if (!isMap(a) || !isMap(b)) return false
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].every((key) => isSame(a[key], b[key]))
}

export const keyOf = ({namespace = '', name}: {readonly namespace?: string | undefined; readonly name: string}) =>
  `${namespace}/${name}`
