import {isAbsolute} from 'node:path/posix'
import type {ServiceSpec} from '@omni-cli/sdk'
import {volumeName} from './names.ts'

interface Mount {
  readonly source: string
  readonly target: string
  readonly isReadOnly: boolean
}

/** `/host/path:/inside[:ro]`; a text says what is wrong with it. */
export function parseMount(text: string): Mount | string {
  const [source = '', target = '', options = '', ...more] = text.split(':')
  const words = options === '' ? [] : options.split(',')
  if (more.length > 0 || !isAbsolute(target)) return `'${text}' is not written /host/path:/inside[:ro]`
  if (!isAbsolute(source)) return `'${text}' names a volume of Docker; a cluster has folders of its nodes, and 'volume'`
  const unknown = words.find((word) => word !== 'ro' && word !== 'rw')
  return unknown === undefined
    ? {source, target, isReadOnly: words.includes('ro')}
    : `'${text}': '${unknown}' means nothing to a cluster`
}

/** Volumes of the pod and where the container sees them. */
export function volumesOf(spec: ServiceSpec) {
  const mounts = spec.mounts.map(parseMount).filter((mount) => typeof mount !== 'string')
  const data = spec.volume === undefined ? [] : [{path: spec.volume.path}]
  const volumes = [
    ...data.map(() => ({name: 'data', persistentVolumeClaim: {claimName: volumeName(spec.name)}})),
    ...mounts.map(({source}, index) => ({name: `host-${index}`, hostPath: {path: source}})),
  ]
  const volumeMounts = [
    ...data.map(({path}) => ({name: 'data', mountPath: path})),
    ...mounts.map(({target, isReadOnly}, index) => ({
      ...{name: `host-${index}`, mountPath: target},
      ...(isReadOnly ? {readOnly: true} : {}),
    })),
  ]
  return {volumes, volumeMounts}
}

/** A claim needs a size; this is asked for when the spec says none. */
const DEFAULT_SIZE = 1024 ** 3

export const claimSize = ({volume}: ServiceSpec): string => String(volume?.size ?? DEFAULT_SIZE)
