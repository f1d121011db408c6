import {
  type CallOptions,
  isOmniError,
  nameProblem,
  OmniError,
  type SnapshotFacet,
  type SnapshotInfo,
} from '@omni-cli/sdk'
import {own} from '../client/own.ts'
import * as requests from '../client/requests.ts'
import {snapshotsWire} from '../client/wire.ts'
import type {Driver} from './driver.ts'
import {requireInstance} from './observe.ts'
import {startInstance, stopInstance} from './power.ts'

const SNAPSHOT_MS = 600_000

/** Real copies of the disk, of a stopped machine only. */
export function createSnapshotFacet(driver: Driver): SnapshotFacet {
  const {client, locks} = driver
  const change = (words: requests.Words, options: CallOptions) =>
    locks.change(() => client.run(words, {signal: options.signal, timeoutMs: SNAPSHOT_MS}), options)
  const list = async (name: string, options: CallOptions): Promise<SnapshotInfo[]> => {
    const {info} = await client.json(requests.snapshots(name), snapshotsWire, {signal: options.signal})
    return Object.entries(own(info, name)?.snapshots ?? {})
      .map(([snapshot, {created}]) => ({name: snapshot, createdAt: timeOf(created)}))
      .sort((a, b) => (a.createdAt < b.createdAt ? -1 : 1))
  }
  const find = async (name: string, snapshot: string, options: CallOptions) =>
    (await list(name, options)).find((one) => one.name === snapshot)
  return {
    needsStop: true,
    async list(name, options = {}) {
      await requireInstance(driver, name, options)
      return await list(name, options)
    },
    async create(name, snapshot, options = {}) {
      const problem = nameProblem(snapshot)
      if (problem !== undefined) throw new OmniError('USAGE', `'${snapshot}' is no name of a snapshot: ${problem}`)
      const {status} = await requireInstance(driver, name, options)
      if ((await find(name, snapshot, options)) !== undefined) {
        throw new OmniError('CONFLICT', `snapshot '${snapshot}' of '${name}' exists already`)
      }
      requireStopped(name, status)
      await change(requests.snapshot(name, snapshot), options)
      const made = await find(name, snapshot, options)
      if (made === undefined) throw new OmniError('UNAVAILABLE', `Multipass does not list the snapshot '${snapshot}'`)
      return made
    },
    async restore(name, snapshot, options = {}) {
      const {status} = await requireInstance(driver, name, options)
      if ((await find(name, snapshot, options)) === undefined) {
        throw new OmniError('NOT_FOUND', `no snapshot '${snapshot}' of '${name}'`, {hint: `omni snapshot list ${name}`})
      }
      await stopInstance(driver, name, options)
      try {
        await change(requests.restore(name, snapshot), options)
      } finally {
        if (status !== 'stopped') await startInstance(driver, name, {onProgress: options.onProgress})
      }
    },
    async remove(name, snapshot, options = {}) {
      await requireInstance(driver, name, options)
      await change(requests.removeSnapshot(name, snapshot), options).catch((error: unknown) => {
        if (!isOmniError(error) || error.code !== 'NOT_FOUND') throw error
      })
    },
  }
}

/** For snapshots and copies: Multipass makes neither of a machine that runs. */
export function requireStopped(name: string, status: string): void {
  if (status === 'stopped') return
  throw new OmniError('CONFLICT', `'${name}' is ${status}; Multipass does this with stopped machines only`, {
    hint: `omni stop ${name}`,
  })
}

/** `Sat Nov 21 14:30:00 2026 UTC` of this place, or ISO, as the version has it. A name of a zone that JavaScript does not know is ours. */
function timeOf(created: string): string {
  const time = [created, created.replace(/ [A-Z]{2,5}$/, '')]
    .map((text) => Date.parse(text))
    .find((ms) => !Number.isNaN(ms))
  return new Date(time ?? 0).toISOString()
}
