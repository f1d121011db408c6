import {
  type ExecFacet,
  type Instance,
  type InstanceProvider,
  instanceSpec,
  type NetworkState,
  OmniError,
  type Service,
  type ServiceEngine,
  type ServiceSpec,
  serviceSpec,
} from '@omni-cli/sdk'
import {
  type Check,
  createMemoryCatalog,
  createMemoryInstances,
  createMemoryServices,
  createMemorySource,
  instanceProviderChecks,
  modelCatalogChecks,
  modelSourceChecks,
  runChecks,
  serviceEngineChecks,
} from '@omni-cli/testkit'
import {describe, expect, it} from 'vitest'

/** How the check of that name ends for the harness. */
async function outcomeOf<H>(checks: readonly Check<H>[], name: string, harness: () => H): Promise<string | undefined> {
  const wanted = checks.filter((check) => check.name === name)
  const [result] = await runChecks(wanted, async () => ({harness: harness(), close: async () => undefined}))
  return result?.outcome
}

type Fault<Driver> = readonly [fault: string, breakIt: (driver: Driver) => Driver, caughtBy: string]

const instanceFaults: readonly Fault<InstanceProvider>[] = [
  [
    'get throws for an absent name',
    (p) => ({...p, get: async (name, o) => (await p.get(name, o)) ?? fail(name)}),
    'get of an absent name is undefined',
  ],
  [
    'list shows a thing twice',
    (p) => ({...p, list: async (o) => (await p.list(o)).flatMap((i) => [i, i])}),
    'after create, get and list show it once and reading back shows no difference',
  ],
  [
    'create drops the number of cpus',
    (p) => ({...p, create: async (s, o) => p.create({...s, cpus: 1, image: 'other'}, o)}),
    'after create, get and list show it once and reading back shows no difference',
  ],
  [
    'create overwrites',
    (p) => ({...p, create: async (s, o) => ((await p.get(s.name)) === undefined ? p.create(s, o) : updated(p, s))}),
    'create of an existing name is CONFLICT and changes nothing',
  ],
  ['create says nothing of a race', racyCreate, 'of two creates of one name at once, exactly one wins'],
  [
    'get matches prefixes',
    (p) => ({...p, get: async (name) => (await p.list()).find((i) => i.name.startsWith(name))}),
    'names are compared whole, never as prefixes',
  ],
  ['remove takes prefixes too', removePrefixes, 'names are compared whole, never as prefixes'],
  [
    'remove of an absent thing fails',
    (p) => ({...p, remove: async (name, o) => ((await p.get(name)) === undefined ? fail(name) : p.remove(name, o))}),
    'remove is idempotent',
  ],
  ['remove only says so', (p) => ({...p, remove: async () => undefined}), 'remove is idempotent'],
  [
    'signals are ignored',
    (p) => ({...p, create: async (s) => p.create(s), remove: async (name) => p.remove(name)}),
    'an aborted signal rejects before any side effect',
  ],
  [
    'update creates',
    (p) => ({...p, update: async (_name, s) => p.create(s)}),
    'update of an absent name is NOT_FOUND and creates nothing',
  ],
  [
    'label values are trimmed',
    (p) => ({...p, create: async (s, o) => p.create({...s, metadata: trimmed(s.metadata)}, o)}),
    'label values arrive byte-equal',
  ],
  ['any label of the filter is enough', anyLabel, 'list with labels shows only what has all of them'],
  ['check never says ok', (p) => ({...p, check: async () => ({ok: false})}), 'check says that it is reachable'],
  [
    'stop of a stopped instance fails',
    (p) => ({...p, stop: async (name) => ((await p.get(name))?.status === 'stopped' ? fail(name) : p.stop(name))}),
    'a created instance runs; stop and start are observed and idempotent',
  ],
  [
    'stop is only requested',
    (p) => ({...p, stop: async (name) => ({...((await p.get(name)) ?? fail(name)), status: 'stopped'})}),
    'a created instance runs; stop and start are observed and idempotent',
  ],
  [
    'start of an absent name succeeds',
    (p) => ({...p, start: async (name) => ((await p.get(name)) === undefined ? ghost(name) : p.start(name))}),
    'start and stop of an absent name are NOT_FOUND',
  ],
  [
    'update makes a new instance',
    (p) => ({
      ...p,
      update: async (name, s) => p.remove(name).then(async () => ({...(await p.create(s)), createdAt: 'later'})),
    }),
    'mutable fields are changed in place and read back',
  ],
  [
    'restore of an unknown snapshot succeeds',
    (p) => facet(p, 'snapshots', {restore: async () => undefined}),
    'snapshots are listed, restored and removed; an unknown one is NOT_FOUND',
  ],
  [
    'a snapshot keeps no data',
    (p) => facet(p, 'snapshots', {restore: async (n: string, s: string) => void (await known(p, n, s))}),
    'a restored snapshot brings back files as they were',
  ],
  [
    'exec goes through a shell',
    (p) =>
      facet(p, 'exec', {
        run: async (n: string, argv: readonly string[], o?: object) =>
          p.exec?.run(
            n,
            argv.map((word) => word.replaceAll('$HOME', '/root')),
            o,
          ) ?? fail(n),
      }),
    'exec passes arguments byte-equal and gives the exit status of the program',
  ],
  [
    'exec loses the exit status',
    (p) =>
      facet(p, 'exec', {
        run: async (n: string, argv: readonly string[], o?: object) => ({
          ...(await p.exec?.run(n, argv, o)),
          exitCode: 0,
        }),
      }),
    'exec passes arguments byte-equal and gives the exit status of the program',
  ],
  ['a written file is empty', (p) => facet(p, 'files', {write: async () => undefined}), 'files come back byte-equal'],
  [
    'a stopped machine is started by its update',
    (p) => ({...p, update: async (name, s, o) => p.update?.(name, s, o).then(() => p.start(name)) ?? fail(name)}),
    'update leaves a stopped machine stopped',
  ],
  [
    'a default is told although it was not written',
    (p) => ({...p, get: async (name, o) => settled(await p.get(name, o))}),
    'readable fields are told as they were written, and not told when they were not',
  ],
  [
    'protection is only a label',
    (p) => ({...p, remove: async (name, o) => p.remove(name, o).catch(() => unprotected(p, name))}),
    'a protected machine refuses to be removed until it is so no more',
  ],
  [
    'a rebuild only restarts',
    (p) => ({...p, rebuild: (name) => p.start(name)}),
    'a rebuild gives a new disk; address, labels and what it is stay',
  ],
  [
    'a rebuild loses the labels',
    (p) => ({...p, rebuild: async (name, s, o) => p.rebuild?.(name, {...s, metadata: {}}, o) ?? fail(name)}),
    'a rebuild gives a new disk; address, labels and what it is stay',
  ],
  [
    'every change costs the machine',
    (p) => ({...p, changeKinds: async (_, paths) => Object.fromEntries(paths.map((path) => [path, 'replace']))}),
    'every differing field has a cost that fits what the driver can do',
  ],
  [
    'nothing is refused',
    (p) => ({...p, refusals: async () => []}),
    'what cannot be honoured is refused with its field, before anything is made',
  ],
  [
    'what the plan makes itself is refused',
    (p) => ({...p, refusals: ({instances}) => p.refusals({instances, profiles: [], networks: []})}),
    'what cannot be honoured is refused with its field, before anything is made',
  ],
  [
    'exec mixes the outputs',
    (p) => wrapExec(p, (n, argv, o) => p.exec?.run(n, argv, {...o, onStderr: o?.onStdout})),
    'exec passes input, environment and folder, and keeps the two outputs apart',
  ],
  [
    'exec does not wait for its reader',
    (p) =>
      wrapExec(p, (n, argv, o) =>
        p.exec?.run(n, argv, {...o, onStdout: (chunk) => void setTimeout(() => o?.onStdout?.(chunk), 5)}),
      ),
    'a reader that takes its time gets all of the output',
  ],
  [
    'exec gives everybody a terminal',
    (p) => wrapExec(p, (n, argv, o) => p.exec?.run(n, argv, {...o, terminal})),
    'exec on a terminal has one, and without has none',
  ],
  [
    'permission bits are forgotten',
    (p) => facet(p, 'files', {write: async (n, path, content) => p.files?.write(n, path, content)}),
    'files have the permission bits and the owner that were given, else those they had',
  ],
  [
    'symlinks are followed when they are told',
    (p) =>
      facet(p, 'files', {stat: async (n, path) => ({...(await p.files?.stat(n, path)), name: path, type: 'file'})}),
    'folders and symlinks are made, told as themselves and listed',
  ],
  [
    'folders are made with their parents',
    (p) => facet(p, 'files', {makeFolder: async () => undefined}),
    'what is not there is NOT_FOUND, and stat is undefined',
  ],
  [
    'metrics tell of stopped machines',
    (p) => facet(p, 'metrics', {read: async () => (await p.list()).map(({name}) => ({name}))}),
    'metrics tell of running machines only',
  ],
  [
    'a restore starts a stopped machine',
    (p) =>
      facet(p, 'snapshots', {restore: async (n, s) => void (await p.snapshots?.restore(n, s).then(() => p.start(n)))}),
    'a restored snapshot brings back files as they were',
  ],
  [
    'snapshots are kept for ever',
    (p) => facet(p, 'snapshots', {create: async (n, s) => p.snapshots?.create(n, s) ?? fail(n)}),
    'a snapshot expires when it was told to',
  ],
  [
    'a copy belongs to the plan, too',
    (p) =>
      facet(p, 'copies', {
        copy: async (n, to) => ({...((await p.copies?.copy(n, to)) ?? fail(n)), labels: {'omni.plan': 'x'}}),
      }),
    'a copy is stopped, has the same files and belongs to no plan',
  ],
  [
    'half of an export is imported',
    (p) => facet(p, 'export', {write: async (name) => p.create(instanceSpec.parse({name})).then(() => p.stop(name))}),
    'a machine that was read as a file can be written again, whole or not at all',
  ],
  [
    'a profile in use is removed',
    (p) => facet(p, 'profiles', {remove: async () => undefined}),
    'profiles: one in use tells by whom and cannot be removed',
  ],
  [
    'a network loses its address',
    (p) => facet(p, 'networks', {get: async (n) => withoutNat(await p.networks?.get(n))}),
    'networks are made, read back, listed, changed and removed',
  ],
]

describe('the instance suite catches', () => {
  it.each(instanceFaults)('%s', async (_fault, breakIt, caughtBy) => {
    const outcome = await outcomeOf(instanceProviderChecks, caughtBy, () => ({
      provider: breakIt(createMemoryInstances()),
      spec: (name: string) => instanceSpec.parse({name, image: 'debian/12'}),
    }))
    expect(outcome).toBe('failed')
  })
})

const serviceFaults: readonly Fault<ServiceEngine>[] = [
  [
    'create answers before the replicas are ready',
    (e) => ({...e, create: async (s, o) => unready(await e.create(s, o))}),
    'create resolves when every replica is ready',
  ],
  [
    'scale is only requested',
    (e) => ({...e, scale: async (name, n) => ({...((await e.get(name)) ?? fail(name)), desiredReplicas: n})}),
    'scale up, down and to zero is observed and idempotent',
  ],
  [
    'scale to zero is one',
    (e) => ({...e, scale: async (name, n) => e.scale(name, Math.max(1, n))}),
    'scale up, down and to zero is observed and idempotent',
  ],
  [
    'stop does nothing',
    (e) => ({...e, stop: async (name) => (await e.get(name)) ?? fail(name)}),
    'stop and start are observed and idempotent; stop keeps the spec',
  ],
  [
    'restart does nothing',
    (e) => ({...e, restart: async (name) => (await e.get(name)) ?? fail(name)}),
    'restart replaces every replica and ends running',
  ],
  [
    'verbs create what is absent',
    (e) => ({
      ...e,
      scale: async (name, n) => ((await e.get(name)) === undefined ? e.create(spec(name)) : e.scale(name, n)),
    }),
    'verbs on an absent service are NOT_FOUND',
  ],
  [
    'update keeps the old version',
    (e) => ({
      ...e,
      update: async (name, s, o) =>
        s.command === 'exit 7' ? e.update(name, s, o) : ((await e.get(name)) ?? e.update(name, s, o)),
    }),
    'update brings the new version into service under a new release',
  ],
  [
    'update always redeploys',
    (e) => ({
      ...e,
      update: async (name, s, o) => e.update(name, {...s, env: {...s.env, AT: String(Math.random())}}, o),
    }),
    'update to the same spec changes nothing',
  ],
  [
    'a failed deploy is a success',
    (e) => ({
      ...e,
      update: async (name, s, o) => e.update(name, s, o).catch(async () => (await e.get(name)) ?? fail(name)),
    }),
    'a version that cannot start is DEPLOY_FAILED with its exit status and last lines, and the old one serves on',
  ],
  [
    'a failed deploy stops the old version',
    (e) => ({
      ...e,
      update: async (name, s, o) =>
        e.update(name, s, o).catch((error) => e.stop(name).then(() => Promise.reject(error))),
    }),
    'a version that cannot start is DEPLOY_FAILED with its exit status and last lines, and the old one serves on',
  ],
  [
    'failed releases are forgotten',
    (e) =>
      facet(e, 'releases', {
        list: async (n: string) => (await e.releases?.list(n))?.filter((r) => r.status !== 'failed') ?? [],
      }),
    'releases are listed newest first, failed ones too',
  ],
  [
    'releases come oldest first',
    (e) => facet(e, 'releases', {list: async (n: string) => (await e.releases?.list(n))?.reverse() ?? []}),
    'releases are listed newest first, failed ones too',
  ],
  [
    'rollback ignores the named release',
    (e) => facet(e, 'releases', {rollback: async (n: string) => e.releases?.rollback(n) ?? fail(n)}),
    'rollback brings back the release before, or the named one; an unknown one is NOT_FOUND',
  ],
  [
    'rollback without an older release restarts',
    (e) =>
      facet(e, 'releases', {
        rollback: async (n: string, o?: object) => e.releases?.rollback(n, o).catch(() => e.restart(n)) ?? fail(n),
      }),
    'rollback without an older release is NOT_FOUND and changes nothing',
  ],
  [
    'logs ignore tail',
    (e) => facet(e, 'logs', {read: (n: string) => twice(e.logs?.read(n))}),
    'logs show what the service printed, and tail limits them',
  ],
  [
    'events ignore since',
    (e) => facet(e, 'events', {read: (o?: {ref?: string}) => e.events?.read({ref: o?.ref}) ?? fail('events')}),
    'events tell of a deploy, in order, and resume after an id',
  ],
]

const spec = (name: string, version = 1): ServiceSpec =>
  serviceSpec.parse({name, command: 'serve', env: {VERSION: String(version)}})

describe('the service suite catches', () => {
  it.each(serviceFaults)('%s', async (_fault, breakIt, caughtBy) => {
    const outcome = await outcomeOf(serviceEngineChecks, caughtBy, () => ({
      engine: breakIt(createMemoryServices()),
      spec,
      broken: (name: string) => serviceSpec.parse({name, command: 'exit 7'}),
    }))
    expect(outcome).toBe('failed')
  })
})

describe('the model suites catch', () => {
  it('a catalogue that hides a runtime from its suggestions', async () => {
    const catalog = createMemoryCatalog()
    const {selection} = catalog
    const name = modelCatalogChecks.find((check) => check.name.startsWith('selection: every runtime'))?.name ?? ''
    const outcome = await outcomeOf(modelCatalogChecks, name, () => ({
      catalog: {
        ...catalog,
        selection: selection && {
          ...selection,
          suggest: async (model, call) => ({...(await selection.suggest(model, call)), excluded: []}),
        },
      },
    }))
    expect(outcome).toBe('failed')
  })

  it('a catalogue whose devices are free twice', async () => {
    const device = {name: 'h100', nodes: ['n1'], total: 8, used: 0, free: 8, largestFree: 16, declared: true}
    const name = modelCatalogChecks.find((check) => check.name.startsWith('devices:'))?.name ?? ''
    expect(await outcomeOf(modelCatalogChecks, name, () => ({catalog: createMemoryCatalog([device])}))).toBe('failed')
  })

  it('a catalogue that forgets runtimes', async () => {
    const catalog = createMemoryCatalog()
    const outcome = await outcomeOf(modelCatalogChecks, 'runtimes: a removed name can be created again', () => ({
      catalog: {...catalog, runtimes: {...catalog.runtimes, get: async () => undefined}},
    }))
    expect(outcome).toBe('failed')
  })

  it.each([
    [
      'a revision that moves',
      {resolve: async (ref: string) => ({ref, revision: String(Math.random())})},
      'a known reference resolves to the same immutable revision each time',
    ],
    [
      'everything resolves',
      {resolve: async (ref: string) => ({ref, revision: '1'})},
      'a reference that names nothing is NOT_FOUND',
    ],
    ['no schemes', {schemes: []}, 'its schemes are the ones of its references'],
    [
      'search without a limit',
      {search: async () => ['one', 'two', 'three'].map((name) => ({ref: `mem://${name}`, revision: '1'}))},
      'search respects the limit and finds only what resolves',
    ],
  ])('%s', async (_fault, broken, caughtBy) => {
    const source = createMemorySource(['one', 'two', 'three'].map((name) => ({ref: `mem://${name}`, revision: '1'})))
    const outcome = await outcomeOf(modelSourceChecks, caughtBy, () => ({
      source: {...source, ...broken},
      known: 'mem://one',
      unknown: 'mem://nine',
    }))
    expect(outcome).toBe('failed')
  })
})

function fail(name: string): never {
  throw new OmniError('NOT_FOUND', `no '${name}'`)
}

const terminal = {size: {columns: 80, rows: 24}, onResize: () => () => undefined}

const wrapExec = (
  provider: InstanceProvider,
  run: (...args: Parameters<ExecFacet['run']>) => unknown,
): InstanceProvider =>
  facet(provider, 'exec', {
    run: async (...args) => ((await run(...args)) as {exitCode: number} | undefined) ?? fail('exec'),
  })

const settled = (instance: Instance | undefined): Instance | undefined =>
  instance === undefined ? undefined : {...instance, settings: {...instance.settings, protect: false}}

async function unprotected(provider: InstanceProvider, name: string): Promise<void> {
  await provider.update?.(name, instanceSpec.parse({name, image: 'debian/12', protect: false}))
  await provider.remove(name)
}

const withoutNat = (network: NetworkState | undefined): NetworkState | undefined =>
  network === undefined ? undefined : {...network, nat: !network.nat}

const ghost = (name: string): Instance => ({name, status: 'running', type: 'vm', addresses: [], labels: {}})

const updated = async (provider: InstanceProvider, wanted: Parameters<InstanceProvider['create']>[0]) =>
  (await provider.update?.(wanted.name, wanted)) ?? fail(wanted.name)

const trimmed = (labels: Readonly<Record<string, string>> | undefined) =>
  Object.fromEntries(Object.entries(labels ?? {}).map(([key, value]) => [key, value.trim()]))

function facet<P extends object, K extends keyof P>(provider: P, name: K, changed: Partial<NonNullable<P[K]>>): P {
  return {...provider, [name]: {...provider[name], ...changed}}
}

/** Looks, then waits, then creates: the classic check-then-act. */
function racyCreate(provider: InstanceProvider): InstanceProvider {
  return {
    ...provider,
    async create(wanted, options) {
      const existing = await provider.get(wanted.name)
      await new Promise((resolve) => setImmediate(resolve))
      if (existing !== undefined) throw new OmniError('CONFLICT', 'exists')
      await provider.remove(wanted.name)
      return provider.create(wanted, options)
    },
  }
}

function removePrefixes(provider: InstanceProvider): InstanceProvider {
  return {
    ...provider,
    async remove(name, options) {
      for (const instance of await provider.list())
        if (instance.name.startsWith(name)) await provider.remove(instance.name, options)
    },
  }
}

function anyLabel(provider: InstanceProvider): InstanceProvider {
  return {
    ...provider,
    list: async (options) =>
      (await provider.list()).filter(({labels}) =>
        Object.entries(options?.labels ?? {}).some(([key, value]) => labels[key] === value),
      ),
  }
}

async function known(provider: InstanceProvider, name: string, snapshot: string): Promise<void> {
  const snapshots = (await provider.snapshots?.list(name)) ?? []
  if (!snapshots.some((info) => info.name === snapshot)) fail(snapshot)
}

const unready = (service: Service): Service => ({...service, runningReplicas: 0})

async function* twice<T>(lines: AsyncIterable<T> | undefined): AsyncIterable<T> {
  for await (const line of lines ?? []) {
    yield line
    yield line
  }
}
