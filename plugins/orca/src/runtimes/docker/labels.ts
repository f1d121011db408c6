import {createHash} from 'node:crypto'
import type {ServiceSpec} from '@omni-cli/sdk'
import type {InstanceRequest} from '../runtime.ts'
import {aliasesOf, finalName, networkOf, replicaLabel} from './names.ts'

/** Labels of Orca: others find what they know. */
export const ORCA = {managed: 'orca.managed', service: 'orca.service', network: 'orca.network'} as const

/** Labels of ours. Never a value of the environment: everybody who may list containers reads them. */
export const OMNI = {
  /** The server that made it; those of others are none of our business. */
  owner: 'omni.owner',
  service: 'omni.service',
  index: 'omni.index',
  release: 'omni.release',
  /** SHA-256 of the whole spec. */
  spec: 'omni.spec',
  /** The name it gets as soon as that is free. */
  name: 'omni.name',
  network: 'omni.network',
  /** Port that it listens on. */
  port: 'omni.port',
  /** Separated by commas. */
  aliases: 'omni.aliases',
  /** Present when it is on the internal network, too. */
  internal: 'omni.internal',
  /** Present on a container that only keeps the network of a replica: what that is made for. */
  room: 'omni.room',
} as const

export type Labels = Readonly<Record<string, string>>

export function containerLabels({service, index, release, spec}: InstanceRequest, owner: string): Labels {
  const replicas = spec.replicas
  return {
    [ORCA.managed]: 'true',
    [ORCA.service]: replicaLabel(service, index, replicas),
    [ORCA.network]: networkOf(spec).slice('orca-'.length),
    [OMNI.owner]: owner,
    [OMNI.service]: service,
    [OMNI.index]: String(index),
    [OMNI.release]: release,
    [OMNI.spec]: specHash(spec),
    [OMNI.name]: finalName(service, index, replicas),
    [OMNI.network]: networkOf(spec),
    [OMNI.aliases]: aliasesOf(spec).join(','),
    ...(spec.port === undefined ? {} : {[OMNI.port]: String(spec.port)}),
    ...(spec.internal ? {[OMNI.internal]: 'true'} : {}),
  }
}

/** The same for the same spec, whatever the order of its keys. */
export const specHash = (spec: ServiceSpec): string => createHash('sha256').update(canonical(spec)).digest('hex')

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const entries = Object.entries(value).filter(([, entry]) => entry !== undefined)
  const sorted = entries.sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${sorted.map(([key, entry]) => `${JSON.stringify(key)}:${canonical(entry)}`).join(',')}}`
}

/** Which replica a container is. */
export interface Identity {
  readonly service: string
  readonly index: number
  readonly release: string
}

/** Undefined when the labels are not complete. */
export function identityOf(labels: Labels): Identity | undefined {
  const service = labels[OMNI.service]
  const release = labels[OMNI.release]
  const index = Number(labels[OMNI.index])
  return service === undefined || release === undefined || !Number.isInteger(index)
    ? undefined
    : {service, release, index}
}

/** Made by an Orca server. */
export const isOrcas = (labels: Labels): boolean =>
  labels[ORCA.managed] === 'true' && labels[OMNI.owner] === undefined && labels[ORCA.service] !== undefined
