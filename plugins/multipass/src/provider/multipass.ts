import type {DriverContext, InstanceProvider} from '@omni-cli/sdk'
import {createClient, isAtLeast} from '../client/client.ts'
import type {MultipassSettings} from '../config.ts'
import {createCopyFacet} from './copies.ts'
import {createInstance} from './create.ts'
import type {Driver} from './driver.ts'
import {createExecFacet} from './exec.ts'
import {createFileFacet} from './files.ts'
import {createInstallFacet, thisHost} from './install.ts'
import {createLocks} from './locks.ts'
import {getInstance, listInstances} from './observe.ts'
import {removeInstance, startInstance, stopInstance} from './power.ts'
import {openRecords} from './records.ts'
import {refusals} from './refusals.ts'
import {createSnapshotFacet} from './snapshots.ts'
import {checkHealth, createImageFacet, createMetricsFacet, rememberImageNames} from './tell.ts'
import {changeKinds, MUTABLE, updateInstance} from './update.ts'

/** Machines of Multipass. What the installed version does not have is absent. */
export async function createMultipass(context: DriverContext, settings: MultipassSettings): Promise<InstanceProvider> {
  const client = createClient(context, settings.program)
  const locks = createLocks(context.home)
  // One that cannot be asked now says so at the first call that needs it.
  const version = await client.version().then(
    ({multipass}) => multipass,
    () => undefined,
  )
  const driver: Driver = {
    client,
    context,
    settings,
    locks,
    version,
    records: openRecords(context.home, locks),
    imageNames: rememberImageNames(client),
  }
  const has = (major: number, minor: number) => version === undefined || isAtLeast(version, major, minor)
  return {
    name: 'multipass',
    traits: {types: ['vm'], mutable: MUTABLE, readable: ['mounts', 'protect'], labels: true},
    check: (options) => checkHealth(client, options?.signal),
    async list({labels = {}, ...options} = {}) {
      const all = await listInstances(driver, options)
      return all.filter((instance) => Object.entries(labels).every(([key, value]) => instance.labels[key] === value))
    },
    get: (name, options) => getInstance(driver, name, options),
    create: (spec, options) => createInstance(driver, spec, options),
    update: (name, spec, options) => updateInstance(driver, name, {...options, spec}),
    remove: (name, options) => removeInstance(driver, name, options),
    start: (name, options) => startInstance(driver, name, options),
    stop: (name, options) => stopInstance(driver, name, options),
    changeKinds: async (_instance, paths) => changeKinds(paths),
    refusals: (wanted, options) => refusals(driver, wanted, options),
    exec: createExecFacet(driver),
    files: createFileFacet(driver),
    images: createImageFacet(client),
    metrics: createMetricsFacet(client),
    install: createInstallFacet(client, thisHost(context.env)),
    ...(has(1, 13) ? {snapshots: createSnapshotFacet(driver)} : {}),
    ...(has(1, 15) ? {copies: createCopyFacet(driver)} : {}),
  }
}
