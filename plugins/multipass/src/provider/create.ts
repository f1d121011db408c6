import {type CallOptions, type Instance, type InstanceSpec, isAbort, isOmniError, OmniError, poll} from '@omni-cli/sdk'
import {failureOf, isTooSlow} from '../client/failure.ts'
import * as requests from '../client/requests.ts'
import type {InstanceWire} from '../client/wire.ts'
import {learned} from './belief.ts'
import type {Driver} from './driver.ts'
import {isTrashed, labelsOf, statusOf} from './map.ts'
import {changeMounts} from './mounts.ts'
import {askMachineId, cutOff, requireInstance} from './observe.ts'
import type {Kept} from './records.ts'
import {refuse, wordOf} from './refusals.ts'

/** With the download of an image. */
const LAUNCH_MS = 900_000
/** A launch that was given up as too slow may run by then. */
const COMING_MS = 300_000
const EVERY_MS = 1_000

/** Resolves when the machine was seen to run. */
export async function createInstance(driver: Driver, spec: InstanceSpec, options: CallOptions = {}): Promise<Instance> {
  options.signal?.throwIfAborted()
  await refuse(driver, spec, options)
  return await driver.locks.instance(
    spec.name,
    async () => {
      await requireFree(driver, spec.name, options)
      const kept = newRecord(spec)
      // Before the launch: whatever happens to us, the machine that comes of it has its labels.
      await driver.records.put(spec.name, kept)
      await launchAndSettle(driver, spec, options)
      const seen = await awaitRunning(driver, spec.name, options)
      const machineId = await askMachineId(driver, spec.name, options)
      await driver.records.put(spec.name, {...learned(kept, seen), machineId})
      await changeMounts(driver, {name: spec.name, seen, mounts: spec.mounts ?? []}, options)
      return await requireInstance(driver, spec.name, options)
    },
    options,
  )
}

const newRecord = (spec: InstanceSpec): Kept => ({
  labels: labelsOf(spec),
  image: spec.image,
  cpus: spec.cpus,
  memory: spec.memory,
  disk: spec.disk,
  protect: spec.protect,
  createdAt: new Date().toISOString(),
})

async function requireFree(driver: Driver, name: string, options: CallOptions): Promise<void> {
  const found = await driver.client.instance(name, {signal: options.signal})
  if (found === undefined) return
  if (!isTrashed(found)) throw new OmniError('CONFLICT', `instance '${name}' exists already`)
  throw trashed(name)
}

export const trashed = (name: string): OmniError =>
  new OmniError(
    'CONFLICT',
    `'${name}' is in the trash of Multipass and keeps its name; take it back with 'multipass recover ${name}', or give it up with 'multipass delete --purge ${name}'`,
    {hint: `multipass recover ${name}`},
  )

/** What `launch` says of the time that it took is not the truth. */
async function launchAndSettle(driver: Driver, spec: InstanceSpec, options: CallOptions): Promise<void> {
  const {name} = spec
  const result = await launchInTurn(driver, spec, options).catch(async (error: unknown) => {
    throw isAbort(error) ? await cutOff(driver, name, error) : error
  })
  if (result.exitCode === 0) return
  const failure = failureOf(result)
  const seen = await driver.client.instance(name, {signal: options.signal})
  if (isTooSlow(result)) return
  if (seen === undefined || failure.code === 'CONFLICT') {
    await driver.records.drop(name)
    throw failure
  }
  throw new OmniError(failure.code, `'${name}' was made, but ${failure.message}`, {
    hint: `omni delete instance/${name}`,
    cause: failure,
  })
}

/** Two at a time, and one alone when its image may have to be downloaded. */
async function launchInTurn(driver: Driver, spec: InstanceSpec, options: CallOptions) {
  const {client, locks, records} = driver
  const request = launchRequest(driver, spec)
  const isDownloaded = async () => (await records.read()).images.includes(request.image)
  const launch = () =>
    locks.boot(() => {
      options.onProgress?.('launching')
      return client.ask(requests.launch(request), {
        input: userData(spec),
        timeoutMs: request.timeoutS * 1000 + 60_000,
        signal: options.signal,
      })
    }, options)
  const launchFirst = async () => {
    if (await isDownloaded()) return undefined
    const result = await launch()
    if (result.exitCode === 0) {
      await records.change((before) => ({...before, images: [...before.images, request.image]}))
    }
    return result
  }
  const first = (await isDownloaded()) ? undefined : await locks.download(launchFirst, options)
  return first ?? (await launch())
}

function launchRequest(driver: Driver, spec: InstanceSpec): requests.LaunchRequest {
  const {name, cpus, memory, disk, network} = spec
  return {
    name,
    image: wordOf(spec.image, driver) ?? spec.image,
    cpus,
    memoryBytes: memory,
    diskBytes: disk,
    network: network?.name === undefined ? undefined : {name: network.name, mac: network.mac},
    bridged: network?.bridged,
    hasUserData: spec.cloud_init !== undefined,
    timeoutS: Math.ceil(Math.max(LAUNCH_MS, spec.wait?.timeout ?? 0) / 1000),
  }
}

/** JSON is YAML; Multipass parses and writes it again anyway. */
const userData = ({cloud_init}: InstanceSpec): string | undefined =>
  cloud_init === undefined || typeof cloud_init === 'string'
    ? cloud_init
    : `#cloud-config\n${JSON.stringify(cloud_init)}\n`

async function awaitRunning(driver: Driver, name: string, options: CallOptions): Promise<InstanceWire> {
  options.onProgress?.('waiting for it to run')
  let seen: InstanceWire | undefined
  const running = async () => {
    seen = await driver.client.instance(name, {signal: options.signal})
    return seen !== undefined && statusOf(seen) === 'running' ? seen : undefined
  }
  return await poll({everyMs: EVERY_MS, timeoutMs: COMING_MS, signal: options.signal}, running).catch(
    (error: unknown) => {
      if (!isOmniError(error) || error.code !== 'TIMEOUT') throw error
      const state = seen === undefined ? 'is not there yet' : `is ${statusOf(seen)}`
      throw new OmniError('TIMEOUT', `'${name}' ${state}; Multipass goes on with it`, {
        hint: 'multipass list',
        cause: error,
        retryable: true,
      })
    },
  )
}
