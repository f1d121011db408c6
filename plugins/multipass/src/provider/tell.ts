import type {Health, ImageFacet, InstanceUsage, MetricsFacet} from '@omni-cli/sdk'
import {isOmniError, messageOf} from '@omni-cli/sdk'
import type {MultipassClient} from '../client/client.ts'
import * as requests from '../client/requests.ts'
import {findWire, type InstanceWire, infoWire} from '../client/wire.ts'
import type {Driver} from './driver.ts'

/** The daemon answers when `version` tells its version, too; every other sign of it comes late or not at all. */
export async function checkHealth(client: MultipassClient, signal: AbortSignal | undefined): Promise<Health> {
  try {
    const {multipass, multipassd} = await client.version({signal})
    if (multipassd !== undefined) return {ok: true, version: multipassd}
    return {
      ok: false,
      version: multipass,
      message: 'the daemon of Multipass does not answer',
      hint: 'sudo snap start multipass',
    }
  } catch (error) {
    signal?.throwIfAborted()
    return {ok: false, message: messageOf(error), hint: isOmniError(error) ? error.hint : undefined}
  }
}

export const createImageFacet = (client: MultipassClient): ImageFacet => ({
  async list(options = {}) {
    const {images} = await client.json(requests.find, findWire, {signal: options.signal})
    return Object.entries(images).map(([key, {os, release, aliases, remote}]) => ({
      name: /^\d\d\.\d\d$/.test(key) ? `ubuntu:${key}` : key,
      description: [os, release, ...(aliases.length === 0 ? [] : [`(${aliases.join(', ')})`])].join(' '),
      type: 'vm' as const,
      source: remote || 'release',
    }))
  },
})

const FIND_MS = 10_000

/** Names that `launch` knows. Without a connection Multipass may tell none; a launch says so itself then. */
export function rememberImageNames(client: MultipassClient): Driver['imageNames'] {
  let known: ReadonlySet<string> | undefined
  return async (signal) => {
    known ??= await client.json(requests.find, findWire, {signal, timeoutMs: FIND_MS}).then(
      ({images}) => new Set(Object.entries(images).flatMap(([key, {aliases}]) => [key, ...aliases])),
      () => undefined,
    )
    return known
  }
}

const USAGE_MS = 60_000

/** Asked over SSH by the daemon itself, of all machines in one call. */
export const createMetricsFacet = (client: MultipassClient): MetricsFacet => ({
  async read(options = {}) {
    const {info} = await client.json(requests.usage, infoWire, {signal: options.signal, timeoutMs: USAGE_MS})
    return Object.entries(info)
      .filter(([, {state}]) => state === 'Running')
      .map(([name, machine]) => usageOf(name, machine))
  },
})

function usageOf(name: string, {memory, disks}: InstanceWire): InstanceUsage {
  const [disk] = Object.values(disks)
  const bytes = (text: string | undefined) => (text === undefined ? undefined : Number(text))
  return {
    name,
    memoryUsedBytes: memory.used,
    memoryTotalBytes: memory.total,
    diskUsedBytes: bytes(disk?.used),
    diskTotalBytes: bytes(disk?.total),
  }
}
