import type {Instance, InstanceStatus} from '@omni-cli/sdk'
import type {WireInstance} from '../client/wire.ts'
import {foreignImage} from './images-names.ts'
import {labelsOf} from './labels.ts'
import {readRecord} from './map-record.ts'
import {rootOf, settingsOf} from './map-settings.ts'
import {bytesOf, countOf} from './map-sizes.ts'

/** Status codes of Incus; 100 to 113 are the only ones that an instance has. */
const STATUS: Readonly<Record<number, InstanceStatus>> = {
  100: 'stopped',
  101: 'starting',
  102: 'stopped',
  103: 'running',
  106: 'starting',
  107: 'stopping',
  108: 'stopping',
  109: 'stopping',
  110: 'frozen',
  111: 'running',
  112: 'error',
  113: 'running',
}

const READY = 113

/** A machine as Incus describes it. */
export function instanceOf(wire: WireInstance): Instance {
  const {config, expanded_config: expanded, state} = wire
  const record = readRecord(config)
  const status = STATUS[wire.status_code] ?? 'unknown'
  const isRunning = status === 'running'
  return {
    name: wire.name,
    status,
    type: wire.type === 'container' ? 'container' : 'vm',
    image: record?.image ?? foreignImage(config),
    cpus: countOf(expanded['limits.cpu']),
    memoryBytes: bytesOf(expanded['limits.memory']),
    diskBytes: bytesOf(rootOf(wire.expanded_devices)?.device.size),
    addresses: addressesOf(state?.network ?? {}),
    labels: labelsOf(config),
    createdAt: timeOf(wire.created_at),
    startedAt: isRunning ? timeOf(state?.started_at) : undefined,
    location: memberOf(wire.location),
    settings: settingsOf(wire, record),
    agent: agentOf(wire, isRunning),
    isReady: isRunning ? wire.status_code === READY : false,
    memoryUsedBytes: isRunning ? state?.memory?.usage : undefined,
    // Incus writes null for none.
    snapshotCount: wire.snapshots?.length ?? (state === undefined ? undefined : 0),
    ...(wire.ephemeral ? {isEphemeral: true} : {}),
  }
}

type NetworkState = NonNullable<WireInstance['state']>['network']

/** Global ones of all interfaces but the loopback, IPv4 first. */
function addressesOf(network: NetworkState): string[] {
  const found = Object.entries(network)
    .filter(([name]) => name !== 'lo')
    .flatMap(([, {addresses}]) => addresses)
    .filter(({scope}) => scope === 'global')
  const family = (wanted: string) => found.filter(({family}) => family === wanted).map(({address}) => address)
  return [...family('inet'), ...family('inet6')]
}

/** In a virtual machine only its agent counts processes. */
function agentOf({type, state}: WireInstance, isRunning: boolean): boolean | undefined {
  if (!isRunning) return false
  if (type === 'container') return true
  return state === undefined || state === null ? undefined : state.processes > 0
}

/** Incus writes the year 1 for "never". */
const timeOf = (text: string | undefined): string | undefined =>
  text === undefined || text.startsWith('0001-') || text.startsWith('1970-') ? undefined : text

const memberOf = (location: string): string | undefined =>
  location === 'none' || location === '' ? undefined : location
