import type {CallOptions, DriverContext, WantedInstances} from '@omni-cli/sdk'
import * as z from 'zod/mini'
import {
  imageWire,
  instanceWire,
  networkWire,
  profileWire,
  type Server,
  type WireImage,
  type WireInstance,
  type WireNetwork,
  type WireProfile,
} from '../client/wire.ts'
import {readSettings, type Settings} from './change-kinds-settings.ts'
import type {Workshop} from './create.ts'
import {fixedAddress} from './devices.ts'
import type {Remote} from './images-remotes.ts'
import {
  listBareInstances,
  listImages,
  listMembers,
  listNetworks,
  listPools,
  listProfiles,
  listWarnings,
} from './requests.ts'

const poolWire = z.object({
  name: z.string(),
  driver: z.string(),
  config: z.pipe(
    z.nullish(z.record(z.string(), z.string())),
    z.transform((config) => config ?? {}),
  ),
})
const memberWire = z.object({server_name: z.string()})
const warningWire = z.object({type: z.string(), last_message: z._default(z.string(), '')})

/** What the server has, as far as the wanted machines make it matter: each kind in one request, all at once. */
export interface Facts {
  readonly server: Server
  readonly isLocal: boolean
  readonly hasOci: boolean
  readonly settings: Settings
  readonly profiles: readonly WireProfile[]
  readonly images: readonly WireImage[]
  readonly networks: readonly WireNetwork[]
  readonly pools: readonly z.output<typeof poolWire>[]
  readonly instances: readonly WireInstance[]
  readonly members: readonly string[]
  readonly warnings: readonly z.output<typeof warningWire>[]
  readonly remotes: ReadonlyMap<string, Remote>
  /** Images of plans → images of Incus, and the pool of new machines. */
  readonly imageNames: Readonly<Record<string, string>>
  readonly pool: string | undefined
  readonly wanted: WantedInstances
}

export interface FactInput {
  readonly shop: Workshop
  readonly context: Pick<DriverContext, 'home' | 'log'>
  readonly wanted: WantedInstances
}

export async function gatherFacts({shop, context, wanted}: FactInput, options?: CallOptions): Promise<Facts> {
  const {client, settings: own, images} = shop
  const {instances: specs} = wanted
  const some = (wants: (spec: WantedInstances['instances'][number]) => boolean) => specs.some(wants)
  const list = async <T>(needed: boolean, schema: z.ZodMiniType<T>, request: ReturnType<typeof listImages>) =>
    needed ? (await client.fetch(z.array(schema), request, options)).value : []
  const server = await client.server(options)
  const isClustered = server.environment?.server_clustered === true
  const canVm = server.environment?.driver.includes('qemu') === true
  const [settings, profiles, foundImages, networks, pools, instances, members, warnings, remotes] = await Promise.all([
    readSettings(client, context, options),
    list(true, profileWire, listProfiles()),
    list(true, imageWire, listImages()),
    list(
      some(({network}) => network !== undefined),
      networkWire,
      listNetworks(),
    ),
    list(
      some(({disk}) => disk !== undefined),
      poolWire,
      listPools(),
    ),
    list(
      some((spec) => spec.disk !== undefined || fixedAddress(spec) !== undefined),
      instanceWire,
      listBareInstances(),
    ),
    list(isClustered && some(({location}) => location !== undefined), memberWire, listMembers()),
    list(!canVm && some(({type}) => type === 'vm'), warningWire, listWarnings()),
    images.remotes(),
  ])
  return {
    server,
    isLocal: client.url.startsWith('unix:'),
    hasOci: server.api_extensions.includes('instance_oci'),
    settings,
    profiles,
    images: foundImages,
    networks,
    pools,
    instances,
    members: members.map(({server_name}) => server_name),
    warnings,
    remotes,
    imageNames: own.images ?? {},
    pool: own.pool,
    wanted,
  }
}
