import type {PrinterColumn, ServedKind} from './kinds.ts'
import {isMap, type Json, type JsonMap, type KubeObject} from './objects.ts'

type Cell = string | number | boolean | null
interface Column extends PrinterColumn {
  /** Of built-in kinds, whose cells are made by code. */
  cell?(object: KubeObject): Cell
}

const NAME: PrinterColumn = {name: 'Name', type: 'string', format: 'name', jsonPath: '.metadata.name'}
const AGE: PrinterColumn = {name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp'}

const text = (name: string, cell: (object: KubeObject) => Cell, priority = 0): Column => ({
  name,
  type: 'string',
  jsonPath: '',
  priority,
  cell,
})
const at = (name: string, jsonPath: string, priority = 0): Column => ({name, type: 'string', jsonPath, priority})

/** What `kubectl get` shows of built-in kinds; the others have a name and an age. */
const COLUMNS: Readonly<Record<string, readonly Column[]>> = {
  Pod: [
    text('Ready', ({spec, status}) => {
      const states: {ready: boolean}[] = status?.containerStatuses ?? []
      return `${states.filter(({ready}) => ready).length}/${spec.containers.length}`
    }),
    text('Status', ({metadata, status}) => {
      const waiting = status?.containerStatuses?.find(({state}: KubeObject) => state?.waiting !== undefined)
      return metadata.deletionTimestamp ? 'Terminating' : (waiting?.state.waiting.reason ?? status?.phase ?? '')
    }),
    text('Restarts', ({status}) =>
      (status?.containerStatuses ?? []).reduce((sum: number, {restartCount}: KubeObject) => sum + restartCount, 0),
    ),
    AGE,
    at('IP', '.status.podIP', 1),
    at('Node', '.spec.nodeName', 1),
  ],
  Deployment: [
    text('Ready', ({spec, status}) => `${status?.readyReplicas ?? 0}/${spec.replicas}`),
    text('Up-to-date', ({status}) => status?.updatedReplicas ?? 0),
    text('Available', ({status}) => status?.availableReplicas ?? 0),
    AGE,
  ],
  ReplicaSet: [
    text('Desired', ({spec}) => spec.replicas),
    text('Current', ({status}) => status?.replicas ?? 0),
    text('Ready', ({status}) => status?.readyReplicas ?? 0),
    AGE,
  ],
  Namespace: [at('Status', '.status.phase'), AGE],
  Node: [
    text('Status', ({status}) =>
      status?.conditions?.some(({type, status: is}: KubeObject) => type === 'Ready' && is === 'True')
        ? 'Ready'
        : 'NotReady',
    ),
    text('Roles', () => '<none>'),
    AGE,
    at('Version', '.status.nodeInfo.kubeletVersion'),
  ],
  Service: [
    at('Type', '.spec.type'),
    at('Cluster-IP', '.spec.clusterIP'),
    text('External-IP', () => '<none>'),
    text('Port(s)', ({spec}) =>
      (spec.ports ?? []).map(({port, protocol}: KubeObject) => `${port}/${protocol}`).join(','),
    ),
    AGE,
  ],
  ConfigMap: [text('Data', ({data = {}}) => Object.keys(data).length), AGE],
  Secret: [at('Type', '.type'), text('Data', ({data = {}}) => Object.keys(data).length), AGE],
  CustomResourceDefinition: [at('Created At', '.metadata.creationTimestamp')],
}

/** `meta.k8s.io/v1` Table, by the printer columns. */
export function tableOf(kind: ServedKind, objects: readonly KubeObject[], include: string | undefined): JsonMap {
  const own: readonly Column[] = COLUMNS[kind.group === '' || kind.schema === undefined ? kind.kind : ''] ??
    kind.columns ?? [AGE]
  const columns: readonly Column[] = [NAME, ...own]
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    columnDefinitions: columns.map(({name, type, format = '', description = '', priority = 0}) => ({
      name,
      type,
      format,
      description,
      priority,
    })),
    rows: objects.map((object) => ({
      cells: columns.map((column) => cellOf(column, object)),
      ...(include === 'None' ? {} : {object: include === 'Object' ? (object as JsonMap) : aboutOf(object)}),
    })),
  }
}

const aboutOf = ({metadata}: KubeObject): JsonMap => ({
  kind: 'PartialObjectMetadata',
  apiVersion: 'meta.k8s.io/v1',
  metadata: {...metadata} as unknown as JsonMap,
})

function cellOf({cell, jsonPath, type}: Column, object: KubeObject): Json {
  if (cell !== undefined) return cell(object)
  const value = firstAt(object as JsonMap, jsonPath)
  // The real one leaves out the cell of a field that is not there, as null.
  if (value === undefined) return null
  if (type === 'date' && jsonPath === AGE.jsonPath) return ageOf(String(value))
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : value
}

/** `.a.b`, `.a[*].b`, `.a[0]`, `.a[?(@.type=="Ready")].b`: the first match. */
function firstAt(value: Json, jsonPath: string): Json | undefined {
  let found: (Json | undefined)[] = [value]
  for (const [, field, any, index, key, wanted] of jsonPath.matchAll(
    /\.([\w-]+)|\[(\*)\]|\[(\d+)\]|\[\?\(@\.(\w+)==['"]([^'"]*)['"]\)\]/g,
  )) {
    found = found.flatMap((one) => {
      if (field !== undefined) return isMap(one) ? [one[field]] : []
      if (!Array.isArray(one)) return []
      if (any !== undefined) return one
      return index !== undefined
        ? [one[Number(index)]]
        : one.filter((item) => isMap(item) && item[key ?? ''] === wanted)
    })
  }
  return found.find((one) => one !== undefined && one !== null)
}

/** `5s`, `3m10s`, `7d`, as kubectl says it. */
function ageOf(at: string): string {
  const seconds = Math.max(0, Math.floor((Date.now() - Date.parse(at)) / 1000))
  if (seconds < 120) return `${seconds}s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 10) return seconds % 60 === 0 ? `${minutes}m` : `${minutes}m${seconds % 60}s`
  if (minutes < 180) return `${minutes}m`
  const hours = Math.floor(minutes / 60)
  return hours < 48 ? `${hours}h` : `${Math.floor(hours / 24)}d`
}
