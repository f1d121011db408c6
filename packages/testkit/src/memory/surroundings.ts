import {
  type Collection,
  type Instance,
  type NetworkFacet,
  type NetworkSpec,
  type NetworkState,
  OmniError,
  type ProfileFacet,
  type ProfileSpec,
  type ProfileState,
} from '@omni-cli/sdk'
import {createMemoryCollection} from './collection.ts'
import type {Machines} from './machines.ts'

interface Used {
  readonly name: string
  readonly usedBy: readonly string[]
}

/** Who uses a profile or network is looked up whenever one asks; one in use cannot be removed. */
function withUsers<Spec, State extends Used>(
  collection: Required<Collection<Spec, State>>,
  usersOf: (name: string) => readonly string[],
): Required<Collection<Spec, State>> {
  const now = (state: State): State => ({...state, usedBy: usersOf(state.name)})
  return {
    list: async (options) => (await collection.list(options)).map(now),
    async get(name, options) {
      const state = await collection.get(name, options)
      return state === undefined ? undefined : now(state)
    },
    create: async (spec, options) => now(await collection.create(spec, options)),
    update: async (name, spec, options) => now(await collection.update(name, spec, options)),
    async remove(name, options) {
      options?.signal?.throwIfAborted()
      const users = usersOf(name)
      if (users.length > 0) throw new OmniError('CONFLICT', `'${name}' is used by ${users.join(', ')}`)
      await collection.remove(name, options)
    },
  }
}

const usersBy = (states: ReadonlyMap<string, Instance>, uses: (instance: Instance) => boolean) =>
  [...states.values()].filter(uses).map(({name}) => name)

/** Profiles in memory; `default` is there from the start. */
export function memoryProfiles({states}: Machines): ProfileFacet {
  const {collection, states: profiles} = createMemoryCollection<ProfileSpec, ProfileState>({
    kind: 'profile',
    nameOf: ({name}) => name,
    labelsOf: ({labels}) => labels,
    observe: (spec) => ({...spec, labels: spec.metadata ?? {}, usedBy: []}),
  })
  profiles.set('default', {name: 'default', labels: {}, usedBy: []})
  const profilesOf = ({settings}: Instance) => settings?.profiles ?? ['default']
  return withUsers(collection, (name) => usersBy(states, (instance) => profilesOf(instance).includes(name)))
}

/** Networks in memory; `memory0` is there from the start. */
export function memoryNetworks({states, interiorOf}: Machines): NetworkFacet {
  let made = 0
  const {collection, states: networks} = createMemoryCollection<NetworkSpec, NetworkState>({
    kind: 'network',
    nameOf: ({name}) => name,
    labelsOf: ({labels}) => labels,
    observe(spec, before) {
      const own = spec.ipv4 === 'none' ? undefined : spec.ipv4
      const address = own === 'auto' ? (before?.address ?? `10.200.${++made}.1/24`) : own
      return {
        ...spec,
        labels: spec.metadata ?? {},
        usedBy: [],
        managed: true,
        ...(address === undefined ? {} : {address}),
      }
    },
  })
  const first: NetworkSpec = {name: 'memory0', ipv4: '10.0.0.1/8', ipv6: 'none', nat: true, dhcp: true}
  networks.set('memory0', {...first, labels: {}, usedBy: [], managed: true, address: first.ipv4})
  const networkOf = ({settings}: Instance) =>
    settings?.network?.type === 'none' ? undefined : (settings?.network?.name ?? 'memory0')
  const facet = withUsers(collection, (name) => usersBy(states, (instance) => networkOf(instance) === name))
  const withLeases = (network: NetworkState): NetworkState => ({
    ...network,
    leases: network.usedBy.map((instance) => ({instance, address: interiorOf(instance).address})),
  })
  return {
    ...facet,
    list: async (options) => (await facet.list(options)).map(withLeases),
    async get(name, options) {
      const network = await facet.get(name, options)
      return network === undefined ? undefined : withLeases(network)
    },
  }
}
