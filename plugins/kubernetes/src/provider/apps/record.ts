import {type ApiObject, OmniError, type ReleaseStatus, type ServiceFailure, type ServiceSpec} from '@omni-cli/sdk'
import {ROLE_LABEL, recordName, serviceLabels} from './names.ts'
import type {SecretObject} from './wire.ts'

/** One deploy, as it is kept. */
export interface ReleaseRecord {
  readonly id: string
  readonly spec: ServiceSpec
  readonly status: Exclude<ReleaseStatus, 'canary'>
  readonly createdAt: string
  readonly actor?: string | undefined
  readonly reason: string
  readonly failure?: ServiceFailure | undefined
  /** Its pods were made anew at this time. */
  readonly restartedAt?: string | undefined
}

/**
 * What Deployments do not tell: specs as they were declared, releases, and whether it is stopped. It is the Secret `omni-<service>`, as
 * specs may hold secrets; one object for all, so that a change is one step.
 */
export interface AppRecord {
  readonly service: string
  readonly namespace: string
  readonly createdAt: string
  readonly updatedAt: string
  readonly isStopped: boolean
  /** Oldest first; never empty. */
  readonly releases: readonly ReleaseRecord[]
  /** Of the object that it was read from: a change meanwhile is seen. */
  readonly resourceVersion?: string | undefined
}

/** Releases that are kept for rollback. */
const KEPT_RELEASES = 10
/** An object may have 1 MiB, and some of it is Base64 and metadata. */
const MOST_BYTES = 700_000

export const RECORD_LABELS = {'app.kubernetes.io/managed-by': 'omni', [ROLE_LABEL]: 'record'} as const

/** The release that serves; undefined when none was ever ready. */
export const activeRelease = ({releases}: AppRecord): ReleaseRecord | undefined =>
  releases.find(({status}) => status === 'active')

/** The one that the service is now about: what serves, else what was tried last. */
export function currentRelease(record: AppRecord): ReleaseRecord {
  const found = activeRelease(record) ?? record.releases.at(-1)
  if (found === undefined) throw new Error(`the record of '${record.service}' has no release`)
  return found
}

const numberOf = ({id}: ReleaseRecord): number => Number(id.slice(1))

export const nextId = ({releases}: Pick<AppRecord, 'releases'>): string =>
  `r${Math.max(0, ...releases.map(numberOf)) + 1}`

/** With one release changed, or added. */
export const withRelease = (record: AppRecord, release: ReleaseRecord): AppRecord => ({
  ...record,
  releases: [...record.releases.filter(({id}) => id !== release.id), release].sort((a, b) => numberOf(a) - numberOf(b)),
})

/** This release serves: the one before does not any more, and one that nobody has finished has failed. */
export const withActive = (record: AppRecord, id: string): AppRecord => ({
  ...record,
  releases: record.releases.map((release) => {
    if (release.id === id) return {...release, status: 'active', failure: undefined}
    if (release.status === 'active') return {...release, status: 'superseded'}
    return release.status === 'deploying' ? interrupted(release) : release
  }),
})

/** Deploys that were given up without a word. */
export const withoutDeploying = (record: AppRecord): AppRecord => ({
  ...record,
  releases: record.releases.map((release) => (release.status === 'deploying' ? interrupted(release) : release)),
})

const interrupted = (release: ReleaseRecord): ReleaseRecord => ({
  ...release,
  status: 'failed',
  failure: {
    ...{reason: 'Interrupted', message: 'the deploy was not finished', restarts: 0},
    ...{at: release.createdAt, lastLines: []},
  },
})

export function toSecret(record: AppRecord): ApiObject {
  const {service, namespace, createdAt, updatedAt, isStopped} = record
  const state = {version: 1, service, createdAt, updatedAt, isStopped}
  const entries = [['state', state] as const, ...keptReleases(record).map((release) => [release.id, release] as const)]
  const data = entries.map(([key, value]) => [key, Buffer.from(JSON.stringify(value)).toString('base64')])
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      ...{name: recordName(service), namespace, labels: {...serviceLabels(service), ...RECORD_LABELS}},
      ...(record.resourceVersion === undefined ? {} : {resourceVersion: record.resourceVersion}),
    },
    type: 'omni/record',
    data: Object.fromEntries(data),
  }
}

/** The newest, as many as fit; always what serves and what is tried. CONFLICT when these alone are too large. */
function keptReleases({service, releases}: AppRecord): readonly ReleaseRecord[] {
  const needed = releases.filter(({status}, index) => status === 'active' || index === releases.length - 1)
  const sizeOf = (release: ReleaseRecord) => Buffer.byteLength(JSON.stringify(release))
  let room = MOST_BYTES - needed.reduce((sum, release) => sum + sizeOf(release), 0)
  if (room < 0) {
    throw new OmniError('CONFLICT', `the spec of '${service}' is too large: a cluster keeps objects up to 1 MiB`)
  }
  const others = releases.filter((release) => !needed.includes(release)).slice(-(KEPT_RELEASES - needed.length))
  const fitting = others.toReversed().filter((release) => {
    room -= sizeOf(release)
    return room >= 0
  })
  return releases.filter((release) => needed.includes(release) || fitting.includes(release))
}

/** Undefined when the Secret is none of ours, or was changed beyond recognition. */
export function fromSecret({metadata, data = {}}: SecretObject): AppRecord | undefined {
  const state = decoded(data.state)
  const releases = Object.entries(data).flatMap(([key, value]) => (/^r\d+$/.test(key) ? [decoded(value)] : []))
  if (!isFields(state) || typeof state.service !== 'string' || !releases.every(isRelease)) return undefined
  if (releases.length === 0) return undefined
  return {
    service: state.service,
    namespace: metadata.namespace ?? '',
    createdAt: String(state.createdAt),
    updatedAt: String(state.updatedAt),
    isStopped: state.isStopped === true,
    releases: releases.sort((a, b) => numberOf(a) - numberOf(b)),
    resourceVersion: metadata.resourceVersion,
  }
}

function decoded(text: string | undefined): unknown {
  try {
    return JSON.parse(Buffer.from(text ?? '', 'base64').toString())
  } catch {
    return undefined
  }
}

const isFields = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null

/** We have written it; a hand may have changed it. */
const isRelease = (value: unknown): value is ReleaseRecord =>
  isFields(value) &&
  typeof value.id === 'string' &&
  typeof value.status === 'string' &&
  typeof value.createdAt === 'string' &&
  isFields(value.spec) &&
  typeof value.spec.name === 'string' &&
  isFields(value.spec.labels)
