import {
  type CallOptions,
  type DriverContext,
  type Health,
  type InstallFacet,
  type InstanceProvider,
  type InstanceTraits,
  isOmniError,
  messageOf,
} from '@omni-cli/sdk'
import * as z from 'zod/mini'
import type {IncusClient} from '../client/client.ts'
import {instanceWire} from '../client/wire.ts'
import type {IncusSettings} from '../config.ts'
import {changeKindsOf} from './change-kinds.ts'
import {readSettings} from './change-kinds-settings.ts'
import {createCopies} from './copies.ts'
import {makeInstance} from './create.ts'
import {createEvents} from './events.ts'
import {createExec} from './exec.ts'
import {createExport} from './export.ts'
import {createFiles} from './files.ts'
import {createImageFacet, createImages} from './images.ts'
import {readRemotes} from './images-remotes.ts'
import {hasLabels, labelFilter} from './labels.ts'
import {findWhole, listWhole} from './list-whole.ts'
import {createLogs} from './logs.ts'
import {instanceOf} from './map.ts'
import {READABLE} from './map-record.ts'
import {createMetrics} from './metrics.ts'
import {createNetworks} from './networks.ts'
import {createNodes} from './nodes.ts'
import {createProfiles} from './profiles.ts'
import {rebuildFrom} from './rebuild.ts'
import {findRefusals} from './refusals.ts'
import {listInstances} from './requests.ts'
import {createSnapshots} from './snapshots.ts'
import {updateInstance} from './update.ts'
import {discardInstance, restartInstance, startInstance, stopInstance} from './update-state.ts'

/** What the parts of the driver share. */
export interface Surroundings {
  readonly context: DriverContext
  readonly settings: IncusSettings
}

const TRAITS: InstanceTraits = {
  types: ['container', 'vm'],
  mutable: [
    'cpus',
    'memory',
    'disk',
    'metadata',
    'tags',
    'network',
    'ports',
    'mounts',
    'profiles',
    'config',
    'devices',
    'location',
    'autostart',
    'protect',
  ],
  rebuildable: ['image', 'cloud_init'],
  rebuildsWithSnapshots: false,
  readable: READABLE,
  labels: true,
}

/** Machines on Incus. */
export function createIncus(client: IncusClient, {context, settings}: Surroundings): InstanceProvider {
  const images = createImages(client, settings, readRemotes(context))
  const shop = {
    client,
    settings,
    images,
    readSettings: (options?: CallOptions) => readSettings(client, context, options),
  }
  return {
    name: 'incus',
    traits: TRAITS,
    check: (options) => checkServer(client, options),
    async list({labels, project, brief, ...options} = {}) {
      const request = listInstances({filter: labelFilter(labels), project, brief})
      const list = async () => (await client.fetch(z.array(instanceWire), request, options)).value
      return (await listWhole(list, options)).map(instanceOf).filter((instance) => hasLabels(instance.labels, labels))
    },
    async get(name, options) {
      const found = await findWhole(client, name, options)
      return found === undefined ? undefined : instanceOf(found.value)
    },
    create: (spec, options) => makeInstance(shop, spec, options),
    update: (name, spec, options) => updateInstance(shop, name, spec, options),
    rebuild: (name, spec, options) => rebuildFrom(shop, name, spec, options),
    remove: (name, options) => discardInstance(client, name, options),
    start: (name, options) => startInstance(client, name, options),
    stop: (name, options) => stopInstance(client, name, options),
    restart: (name, options) => restartInstance(client, name, options),
    changeKinds: async (instance, paths, options) =>
      changeKindsOf(instance, paths, await readSettings(client, context, options)),
    refusals: (wanted, options) => findRefusals({shop, context, wanted}, options),
    copies: createCopies(client),
    events: createEvents(client),
    exec: createExec(client),
    export: createExport(client),
    files: createFiles(client),
    images: createImageFacet(client),
    logs: createLogs(client),
    metrics: createMetrics(client),
    networks: createNetworks(client),
    nodes: createNodes(client),
    profiles: createProfiles(client),
    snapshots: createSnapshots(client),
    // A server elsewhere is not ours to install.
    ...(client.url.startsWith('unix:') ? {install: installHere(client, context)} : {}),
  }
}

const installHere = (client: IncusClient, context: DriverContext): InstallFacet => ({
  plan: async (options) => (await import('../install/index.ts')).createInstall(context, client).plan(options),
})

/** Whether Incus answers and trusts us; which version it is and what it runs. */
async function checkServer(client: IncusClient, options?: CallOptions): Promise<Health> {
  try {
    const {environment} = await client.server(options)
    if (environment === undefined || environment === null)
      return {ok: false, message: 'the server tells nothing of itself'}
    const canVm = environment.driver.includes('qemu')
    return {
      ok: true,
      version: environment.server_version,
      message: `${client.url}: ${canVm ? 'containers and virtual machines' : 'containers only'}`,
    }
  } catch (error) {
    if (!isOmniError(error) || error.code === 'ABORTED') throw error
    return {ok: false, message: messageOf(error), hint: error.hint}
  }
}
