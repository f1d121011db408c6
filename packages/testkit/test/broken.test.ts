import {
  type Instance,
  type InstanceProvider,
  instanceSpec,
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

/** Names of the checks that fail for the harness. */
async function failuresOf<H>(checks: readonly Check<H>[], harness: () => H): Promise<string[]> {
  const results = await runChecks(checks, async () => ({harness: harness(), close: async () => undefined}))
  return results.filter(({outcome}) => outcome === 'failed').map(({name}) => name)
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
]

describe('the instance suite catches', () => {
  it.each(instanceFaults)('%s', async (_fault, breakIt, caughtBy) => {
    const failures = await failuresOf(instanceProviderChecks, () => ({
      provider: breakIt(createMemoryInstances()),
      spec: (name: string) => instanceSpec.parse({name, image: 'debian/12'}),
    }))
    expect(failures).toContain(caughtBy)
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
    const failures = await failuresOf(serviceEngineChecks, () => ({
      engine: breakIt(createMemoryServices()),
      spec,
      broken: (name: string) => serviceSpec.parse({name, command: 'exit 7'}),
    }))
    expect(failures).toContain(caughtBy)
  })
})

describe('the model suites catch', () => {
  it('a catalogue that forgets runtimes', async () => {
    const catalog = createMemoryCatalog()
    const failures = await failuresOf(modelCatalogChecks, () => ({
      catalog: {...catalog, runtimes: {...catalog.runtimes, get: async () => undefined}},
    }))
    expect(failures).toContain('runtimes: a removed name can be created again')
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
    const failures = await failuresOf(modelSourceChecks, () => ({
      source: {...source, ...broken},
      known: 'mem://one',
      unknown: 'mem://nine',
    }))
    expect(failures).toContain(caughtBy)
  })
})

function fail(name: string): never {
  throw new OmniError('NOT_FOUND', `no '${name}'`)
}

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
