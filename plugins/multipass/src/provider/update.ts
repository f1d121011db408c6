import {type CallOptions, type ChangeKind, type Instance, type InstanceSpec, OmniError} from '@omni-cli/sdk'
import {own} from '../client/own.ts'
import * as requests from '../client/requests.ts'
import type {InstanceWire} from '../client/wire.ts'
import {learned} from './belief.ts'
import type {Driver} from './driver.ts'
import {labelsOf, statusOf, toInstance} from './map.ts'
import {changeMounts} from './mounts.ts'
import {askMachineId, requireInstance} from './observe.ts'
import {startInstance, stopInstance} from './power.ts'
import type {Kept} from './records.ts'
import {refuse} from './refusals.ts'

const SIZES = ['cpus', 'memory', 'disk'] as const

type Size = (typeof SIZES)[number]

/** Of the driver itself and at no cost: Multipass does not know of them. */
const LIVE: ReadonlySet<string> = new Set(['metadata', 'tags', 'protect', 'mounts'])

/** Sizes change while it is stopped; the rest is fixed by the launch. */
export const MUTABLE = [...SIZES, ...LIVE]

export function changeKinds(paths: readonly string[]): Record<string, ChangeKind> {
  const kindOf = (path: string): ChangeKind => {
    const field = path.split('.')[0] ?? path
    if (LIVE.has(field)) return 'live'
    return SIZES.some((size) => size === field) ? 'restart' : 'replace'
  }
  return Object.fromEntries(paths.map((path) => [path, kindOf(path)]))
}

export async function updateInstance(
  driver: Driver,
  name: string,
  {spec, ...options}: CallOptions & {readonly spec: InstanceSpec},
): Promise<Instance> {
  options.signal?.throwIfAborted()
  const before = await requireInstance(driver, name, options)
  await refuse(driver, spec, options)
  requireSameImage(before, spec)
  return await driver.locks.instance(
    name,
    async () => {
      const sizes = SIZES.filter((size) => spec[size] !== undefined && spec[size] !== sizeOf(before, size))
      if (sizes.length > 0) await changeSizes(driver, {name, spec, sizes}, options)
      const seen = await driver.client.instance(name, {signal: options.signal})
      if (seen === undefined) throw new OmniError('NOT_FOUND', `there is no instance '${name}' any more`)
      if (spec.mounts !== undefined) await changeMounts(driver, {name, seen, mounts: spec.mounts}, options)
      const after = (await driver.client.instance(name, {signal: options.signal})) ?? seen
      return toInstance(name, after, await keep(driver, {spec, after}, options))
    },
    options,
  )
}

const sizeOf = (instance: Instance, size: Size): number | undefined =>
  ({cpus: instance.cpus, memory: instance.memoryBytes, disk: instance.diskBytes})[size]

function requireSameImage({name, image}: Instance, spec: InstanceSpec): void {
  if (image === undefined || image === spec.image) return
  throw new OmniError('UNSUPPORTED', `the image of '${name}' is ${image}; another one needs a new machine`, {
    hint: `omni delete instance/${name}`,
  })
}

/** A machine that ran runs again, also when a size was refused. */
async function changeSizes(
  driver: Driver,
  {name, spec, sizes}: {readonly name: string; readonly spec: InstanceSpec; readonly sizes: readonly Size[]},
  options: CallOptions,
): Promise<void> {
  const {status} = await requireInstance(driver, name, options)
  await stopInstance(driver, name, options)
  try {
    await driver.locks.change(async () => {
      for (const size of sizes) {
        const value = spec[size]
        if (value !== undefined) await driver.client.run(requests.set(name, size, value), {signal: options.signal})
        await keepSize(driver, name, {[size]: value})
      }
    }, options)
  } finally {
    // Also after an abort: what was stopped for this only must not stay so.
    if (status !== 'stopped') await startInstance(driver, name, {onProgress: options.onProgress})
  }
}

const keepSize = (driver: Driver, name: string, sizes: Partial<Pick<Kept, Size>>): Promise<void> =>
  driver.records.change((records) => {
    const kept = own(records.instances, name)
    if (kept === undefined) return records
    return {...records, instances: {...records.instances, [name]: {...kept, ...sizes}}}
  })

/** One that was made by hand is kept from now on. */
async function keep(
  driver: Driver,
  {spec, after}: {readonly spec: InstanceSpec; readonly after: InstanceWire},
  options: CallOptions,
): Promise<Kept> {
  const kept = own((await driver.records.read()).instances, spec.name)
  const adopted = {labels: {}, createdAt: new Date().toISOString(), image: spec.image, isAdopted: true}
  const isKnown = kept?.machineId !== undefined || statusOf(after) !== 'running'
  const changed: Kept = {
    ...learned(kept ?? adopted, after),
    machineId: isKnown ? kept?.machineId : await askMachineId(driver, spec.name, options),
    cpus: spec.cpus ?? kept?.cpus,
    memory: spec.memory ?? kept?.memory,
    disk: spec.disk ?? kept?.disk,
    labels: labelsOf(spec),
    protect: spec.protect,
  }
  await driver.records.put(spec.name, changed)
  return changed
}
