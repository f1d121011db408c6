import {text} from 'node:stream/consumers'
import {type CallOptions, type InstanceUsage, isOmniError, type MetricsFacet} from '@omni-cli/sdk'
import * as z from 'zod/mini'
import type {IncusClient} from '../client/client.ts'
import {instanceWire, type WireInstance} from '../client/wire.ts'
import {instanceOf} from './map.ts'
import {parseMetrics, type Sample} from './metrics-parse.ts'
import {listInstances} from './requests.ts'

/**
 * Figures of all running machines of the project in two requests. A member of a cluster measures its own machines alone, and not
 * everybody may see the measures: then they come from the states of the instances.
 */
export function createMetrics(client: IncusClient): MetricsFacet {
  return {
    async read(options) {
      const {environment} = await client.server(options)
      if (environment?.server_clustered === true) return fromStates(client, options)
      try {
        const request = {method: 'GET', path: '/metrics', query: {project: client.project}} as const
        const [measures, running] = await Promise.all([
          client.download(request, options).then(({body}) => text(body)),
          runningNames(client, options),
        ])
        // Incus keeps the measures for some seconds, also those of machines that have stopped meanwhile.
        return usageOf(parseMetrics(measures), client.project).filter(({name}) => running.has(name))
      } catch (error) {
        if (!isOmniError(error) || error.code !== 'UNAUTHORIZED') throw error
        return fromStates(client, options)
      }
    },
  }
}

async function runningNames(client: IncusClient, options?: CallOptions): Promise<ReadonlySet<string>> {
  const request = {method: 'GET', path: '/instances', query: {recursion: '1'}} as const
  const {value} = await client.fetch(z.array(instanceWire), request, options)
  return new Set(value.filter((wire) => instanceOf(wire).status === 'running').map(({name}) => name))
}

async function fromStates(client: IncusClient, options?: CallOptions): Promise<InstanceUsage[]> {
  const {value} = await client.fetch(z.array(instanceWire), listInstances(), options)
  return value.filter(({state}) => (state?.pid ?? 0) > 0).map(usageOfState)
}

/** The figures of each machine of the project, by name. */
export function usageOf(samples: readonly Sample[], project: string): InstanceUsage[] {
  const ours = samples.filter(({labels}) => labels.project === project && labels.name !== undefined)
  const byName = Map.groupBy(ours, ({labels}) => labels.name ?? '')
  return [...byName].map(([name, all]) => usageOfSamples(name, all)).sort((a, b) => (a.name < b.name ? -1 : 1))
}

function usageOfSamples(name: string, samples: readonly Sample[]): InstanceUsage {
  const sum = (metric: string, isCounted: (labels: Sample['labels']) => boolean = () => true) => {
    const found = samples.filter((sample) => sample.name === `incus_${metric}` && isCounted(sample.labels))
    return found.length === 0 ? undefined : found.reduce((total, {value}) => total + value, 0)
  }
  const isRoot = ({mountpoint}: Sample['labels']) => mountpoint === '/'
  const isOutside = ({device}: Sample['labels']) => device !== 'lo'
  const [total, available] = [sum('memory_MemTotal_bytes'), sum('memory_MemAvailable_bytes')]
  const [size, free] = [sum('filesystem_size_bytes', isRoot), sum('filesystem_free_bytes', isRoot)]
  return {
    name,
    cpuSeconds: sum('cpu_seconds_total', ({mode}) => mode !== 'idle' && mode !== 'iowait'),
    memoryUsedBytes: minus(total, available),
    memoryTotalBytes: total,
    diskUsedBytes: minus(size, free),
    diskTotalBytes: size,
    receivedBytes: sum('network_receive_bytes_total', isOutside),
    sentBytes: sum('network_transmit_bytes_total', isOutside),
    processes: sum('procs_total'),
  }
}

const minus = (total: number | undefined, rest: number | undefined): number | undefined =>
  total === undefined || rest === undefined ? undefined : Math.max(0, total - rest)

function usageOfState({name, state}: WireInstance): InstanceUsage {
  const links = Object.entries(state?.network ?? {}).filter(([link]) => link !== 'lo')
  const sum = (of: 'bytes_received' | 'bytes_sent') =>
    links.reduce((total, [, {counters}]) => total + (counters?.[of] ?? 0), 0)
  const root = state?.disk.root
  return {
    name,
    cpuSeconds: state?.cpu === undefined || state.cpu === null ? undefined : state.cpu.usage / 1e9,
    memoryUsedBytes: state?.memory?.usage,
    memoryTotalBytes: positive(state?.memory?.total),
    diskUsedBytes: positive(root?.usage),
    diskTotalBytes: positive(root?.total),
    receivedBytes: sum('bytes_received'),
    sentBytes: sum('bytes_sent'),
    processes: state?.processes,
  }
}

/** Incus writes 0 for what it does not know. */
const positive = (value: number | undefined): number | undefined => (value === 0 ? undefined : value)
