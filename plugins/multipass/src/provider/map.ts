import type {Instance, InstanceSpec, InstanceStatus} from '@omni-cli/sdk'
import {own} from '../client/own.ts'
import type {InstanceWire} from '../client/wire.ts'
import type {Kept} from './records.ts'

/** States of Multipass; `Deleted` is none of ours: such a machine is in the trash. */
const STATUS: Readonly<Record<string, InstanceStatus>> = {
  Running: 'running',
  Stopped: 'stopped',
  Starting: 'starting',
  Restarting: 'starting',
  'Delayed Shutdown': 'stopping',
  Suspending: 'stopping',
  Suspended: 'frozen',
}

export const isTrashed = ({state}: InstanceWire): boolean => state === 'Deleted'

export const statusOf = ({state}: InstanceWire): InstanceStatus => own(STATUS, state) ?? 'unknown'

/** Sizes and image are those of the launch: Multipass tells no exact ones. */
export function toInstance(name: string, seen: InstanceWire, kept: Kept | undefined): Instance {
  const status = statusOf(seen)
  return {
    name,
    status,
    type: 'vm',
    image: kept?.image ?? imageOf(seen),
    cpus: kept?.cpus,
    memoryBytes: kept?.memory,
    diskBytes: kept?.disk,
    addresses: seen.ipv4,
    labels: kept?.labels ?? {},
    createdAt: kept?.isAdopted === true ? undefined : kept?.createdAt,
    settings: {
      ...(Object.keys(seen.mounts).length === 0 ? {} : {mounts: mountsOf(seen)}),
      ...(kept?.protect === undefined ? {} : {protect: kept.protect}),
    },
    ...(status === 'running' ? {} : {agent: false}),
    ...(seen.snapshot_count === undefined ? {} : {snapshotCount: Number(seen.snapshot_count) || 0}),
  }
}

export const mountsOf = ({mounts}: InstanceWire): NonNullable<InstanceSpec['mounts']> =>
  Object.entries(mounts).map(([target, {source_path}]) => ({source: source_path, target, readonly: false}))

/** `22.04 LTS` → `ubuntu:22.04`. */
function imageOf({image_release}: InstanceWire): string | undefined {
  const number = /^\d\d\.\d\d/.exec(image_release)?.[0]
  return number === undefined ? image_release || undefined : `ubuntu:${number}`
}

/** Labels as they are kept: tags are labels with the value true. */
export const labelsOf = ({metadata = {}, tags = []}: InstanceSpec): Record<string, string> => ({
  ...Object.fromEntries(tags.map((tag) => [tag, 'true'])),
  ...metadata,
})
