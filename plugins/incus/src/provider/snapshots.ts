import {type CallOptions, isOmniError, OmniError, type SnapshotFacet, type SnapshotInfo} from '@omni-cli/sdk'
import type {IncusClient, IncusRequest} from '../client/client.ts'
import {instanceWire, snapshotWire, type WireSnapshot} from '../client/wire.ts'
import {ownerOf} from './copies-labels.ts'
import {getInstance, patchConfig, readInstance} from './requests.ts'

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/

/** Snapshots of an instance, kept by its storage pool. They expire by themselves when they are told to. */
export function createSnapshots(client: IncusClient): SnapshotFacet {
  return {
    canExpire: true,
    async list(name, options) {
      const {value} = await client.fetch(instanceWire, getInstance(name), options)
      return (value.snapshots ?? []).map(snapshotOf)
    },
    async create(name, snapshot, {expiresAt, ...options} = {}) {
      checkName(snapshot)
      const json = {name: snapshot, stateful: false, ...(expiresAt === undefined ? {} : {expires_at: expiresAt})}
      await client.operate({method: 'POST', path: pathTo(name), json}, options).catch((error: unknown) => {
        if (!isOmniError(error) || error.code !== 'CONFLICT' || !/unique|exists/i.test(error.message)) throw error
        throw new OmniError('CONFLICT', `snapshot '${snapshot}' of '${name}' exists already`, {
          hint: `omni snapshot list ${name}`,
          cause: error,
        })
      })
      const made = await client.fetch(snapshotWire, {method: 'GET', path: pathTo(name, snapshot)}, options)
      return snapshotOf(made.value)
    },
    restore: (name, snapshot, options) => restore(client, {name, snapshot}, options),
    async remove(name, snapshot, options) {
      checkName(snapshot)
      await client.operate({method: 'DELETE', path: pathTo(name, snapshot)}, options).catch((error: unknown) => {
        if (!isOmniError(error) || error.code !== 'NOT_FOUND') throw error
        throw noSnapshot(name, snapshot, error)
      })
    },
  }
}

interface Snapshot {
  readonly name: string
  readonly snapshot: string
}

/** The machine as it was; whose it is stays as it is now, whatever the snapshot remembers. */
async function restore(client: IncusClient, {name, snapshot}: Snapshot, options?: CallOptions): Promise<void> {
  checkName(snapshot)
  const before = await client.fetch(instanceWire, getInstance(name), options)
  if (!before.value.snapshots?.some((found) => found.name === snapshot)) throw noSnapshot(name, snapshot)
  const request: IncusRequest = {method: 'PUT', path: instancePath(name), json: {restore: snapshot}}
  await client.operate(request, options).catch((error: unknown) => {
    throw restoreError(error, name, snapshot)
  })
  const after = await client.fetch(instanceWire, readInstance(name))
  const owner = ownerOf(after.value.config, before.value.config)
  if (Object.keys(owner).length > 0) await client.send(patchConfig(name, owner, after.etag))
}

function restoreError(error: unknown, name: string, snapshot: string): unknown {
  if (!isOmniError(error) || !/subsequent snapshot|zfs\.remove_snapshots/i.test(error.message)) return error
  return new OmniError('CONFLICT', `this pool restores only the newest snapshot, and '${snapshot}' has newer ones`, {
    hint: `omni snapshot list ${name}`,
    cause: error,
  })
}

const noSnapshot = (name: string, snapshot: string, cause?: unknown): OmniError =>
  new OmniError('NOT_FOUND', `no snapshot '${snapshot}' of '${name}'`, {hint: `omni snapshot list ${name}`, cause})

function checkName(snapshot: string): void {
  if (NAME.test(snapshot)) return
  throw new OmniError('USAGE', `'${snapshot}' is no name of a snapshot`, {
    hint: 'write up to 63 letters, digits, ".", "_" and "-", a letter or digit first',
  })
}

const snapshotOf = ({name, created_at: createdAt, expires_at: expiresAt, size}: WireSnapshot): SnapshotInfo => ({
  name,
  createdAt,
  // The year 1 stands for never.
  ...(expiresAt === undefined || expiresAt.startsWith('0001-') ? {} : {expiresAt}),
  ...(size < 0 ? {} : {sizeBytes: size}),
})

const instancePath = (name: string) => `/instances/${encodeURIComponent(name)}`

const pathTo = (name: string, snapshot?: string): string =>
  `${instancePath(name)}/snapshots${snapshot === undefined ? '' : `/${encodeURIComponent(snapshot)}`}`
