import {type CallOptions, type Instance, mapLimit, OmniError} from '@omni-cli/sdk'
import {own} from '../client/own.ts'
import * as requests from '../client/requests.ts'
import type {InstanceWire} from '../client/wire.ts'
import {belief, isYoung, learned} from './belief.ts'
import type {Driver} from './driver.ts'
import {isTrashed, statusOf, toInstance} from './map.ts'
import type {Kept} from './records.ts'

interface Observation {
  readonly seen: Readonly<Record<string, InstanceWire>>
  /** What was kept before they were seen. */
  readonly instances: Readonly<Record<string, Kept>>
}

const ASK_MS = 10_000
const ASKED_AT_ONCE = 4

/** All machines in one call; those in the trash are none. */
export async function listInstances(driver: Driver, options: CallOptions = {}): Promise<Instance[]> {
  // Read first: what is put there from now on is about machines that this answer does not know.
  const {instances} = await driver.records.read()
  const seen = await driver.client.instances({signal: options.signal})
  const kept = await confirm(driver, {seen, instances}, options)
  await forgetGone(driver, {seen, instances})
  return Object.entries(seen)
    .filter(([, machine]) => !isTrashed(machine))
    .map(([name, machine]) => toInstance(name, machine, kept.get(name)))
}

export async function getInstance(
  driver: Driver,
  name: string,
  options: CallOptions = {},
): Promise<Instance | undefined> {
  const {instances} = await driver.records.read()
  const seen = await driver.client.instance(name, {signal: options.signal})
  if (seen === undefined || isTrashed(seen)) return undefined
  return toInstance(name, seen, (await confirm(driver, {seen: {[name]: seen}, instances}, options)).get(name))
}

export async function requireInstance(driver: Driver, name: string, options: CallOptions = {}): Promise<Instance> {
  const found = await getInstance(driver, name, options)
  if (found !== undefined) return found
  throw new OmniError('NOT_FOUND', `there is no instance '${name}'`, {hint: 'omni get instances'})
}

/** What is kept of those machines that are still ours; what is about others is forgotten. */
async function confirm(
  driver: Driver,
  {seen, instances}: Observation,
  options: CallOptions,
): Promise<Map<string, Kept>> {
  const known = Object.entries(seen).flatMap(([name, machine]) => {
    const kept = own(instances, name)
    return kept === undefined ? [] : [{name, machine, kept}]
  })
  const judged = await mapLimit(known, ASKED_AT_ONCE, async ({name, machine, kept}) => ({
    name,
    kept,
    now: learned(kept, machine),
    verdict: await judge(driver, {name, machine, kept}, options),
  }))
  const another = judged.filter(({verdict}) => verdict === 'another')
  const ours = judged.filter(({verdict}) => verdict === 'ours')
  const changed = ours.filter(({kept, now}) => kept.imageHash !== now.imageHash || kept.address !== now.address)
  if (another.length > 0) {
    const names = another.map(({name}) => name).join(', ')
    driver.context.notice(`other machines have these names now, their labels are forgotten: ${names}`)
    await driver.records.forget(another)
  }
  if (changed.length > 0) await keepLearned(driver, changed)
  return new Map(ours.map(({name, now}) => [name, now]))
}

/** Another process may have changed labels meanwhile: only what was learned is written. */
const keepLearned = (driver: Driver, changed: readonly {readonly name: string; readonly now: Kept}[]): Promise<void> =>
  driver.records.change((records) => {
    const instances = {...records.instances}
    for (const {name, now} of changed) {
      const kept = own(instances, name)
      if (kept?.createdAt === now.createdAt) instances[name] = {...kept, imageHash: now.imageHash, address: now.address}
    }
    return {...records, instances}
  })

async function judge(
  driver: Driver,
  {name, machine, kept}: {readonly name: string; readonly machine: InstanceWire; readonly kept: Kept},
  options: CallOptions,
): Promise<'ours' | 'another' | 'unsure'> {
  const verdict = belief(kept, machine, Date.now())
  if (verdict !== 'ask') return verdict
  const id = await askMachineId(driver, name, options)
  return id === undefined ? 'unsure' : id === kept.machineId ? 'ours' : 'another'
}

/** The id that a machine gives itself at its first boot; undefined when it does not answer. */
export async function askMachineId(driver: Driver, name: string, options: CallOptions): Promise<string | undefined> {
  const request = requests.exec({name, argv: ['cat', '/etc/machine-id']})
  const {exitCode, stdout} = await driver.client
    .ask(request, {signal: options.signal, timeoutMs: ASK_MS})
    .catch((error: unknown) => {
      options.signal?.throwIfAborted()
      driver.context.log.debug('a machine does not tell its id', {name, error: String(error)})
      return {exitCode: 1, stdout: ''}
    })
  return exitCode === 0 ? stdout.trim() || undefined : undefined
}

/** Machines that were removed by hand; a launch that goes on has no machine yet. */
async function forgetGone(driver: Driver, {seen, instances}: Observation): Promise<void> {
  const gone = Object.entries(instances)
    .map(([name, kept]) => ({name, kept}))
    .filter(({name}) => own(seen, name) === undefined)
    .filter(({kept}) => kept.imageHash !== undefined || !isYoung(kept, Date.now()))
  if (gone.length > 0) await driver.records.forget(gone)
}

/** The daemon goes on without its client. What is kept of the machine stays, for the next apply to find it. */
export async function cutOff(driver: Driver, name: string, cause: unknown): Promise<OmniError> {
  const seen = await driver.client.instance(name, {timeoutMs: 5_000}).catch(() => undefined)
  const state =
    seen === undefined
      ? `Multipass may go on making '${name}'`
      : `Multipass goes on with '${name}', which is ${statusOf(seen)}`
  return new OmniError('ABORTED', `interrupted; ${state}`, {hint: 'multipass list', cause})
}
