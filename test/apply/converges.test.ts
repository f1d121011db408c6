import type {Instance} from '@omni-cli/sdk'
import {loadManifest, PLAN_LABEL} from '@omni-cli/sdk/engine'
import {createMemoryInstances, type Intervene, intercept, type MemoryInstances} from '@omni-cli/testkit'
import fc from 'fast-check'
import {expect, onTestFinished, test, vi} from 'vitest'
import {applyManifest} from '../../src/apply/apply-manifest.ts'
import {memorySession, recordingProgress} from './memory-session.ts'

/** Some are beginnings of others. */
const NAMES = ['w', 'w-1', 'w-10', 'w-100', 'gate'] as const
const PROFILES = ['small', 'large'] as const
const NETWORKS = ['inner', 'outer'] as const

const machine = (index: number) =>
  fc.record(
    {
      image: fc.constantFrom('debian/12', 'debian/13'),
      type: fc.constantFrom('container', 'vm'),
      cpus: fc.integer({min: 1, max: 3}),
      memory: fc.constantFrom('1GiB', '2GiB'),
      metadata: fc.dictionary(fc.constantFrom('role', 'tier'), fc.constantFrom('a', 'b', '')),
      cloud_init: fc.constantFrom('#cloud-config\nruncmd: [one]\n', '#cloud-config\nruncmd: [two]\n'),
      config: fc.constantFrom({'limits.processes': '10'}, {'limits.processes': '20'}),
      autostart: fc.boolean(),
      profiles: fc.subarray([...PROFILES], {minLength: 1}),
      network: fc.constantFrom(...NETWORKS.map((name) => ({name})), {type: 'none'}),
      depends_on: fc.subarray(NAMES.slice(0, index)),
    },
    {requiredKeys: ['image', 'type']},
  )

/** A plan that stands on its own feet: what it uses it has. */
const plan = fc
  .record({
    machines: fc.tuple(...NAMES.map((_, index) => fc.option(machine(index), {freq: 4, nil: undefined}))),
    limit: fc.constantFrom('100', '200'),
    nat: fc.boolean(),
  })
  .map(({machines, limit, nat}) => {
    const named = machines.flatMap((spec, index) => (spec === undefined ? [] : [[NAMES[index] ?? '', spec] as const]))
    const names = new Set(named.map(([name]) => name))
    const whole = named.map(([name, {depends_on: needs, ...spec}]) => {
      const known = needs?.filter((need) => names.has(need))
      return [name, known === undefined ? spec : {...spec, depends_on: known}] as const
    })
    return {
      instances: Object.fromEntries(whole),
      profiles: Object.fromEntries(PROFILES.map((name) => [name, {config: {limit}}])),
      networks: Object.fromEntries(NETWORKS.map((name) => [name, {nat}])),
    }
  })

const METHODS = ['create', 'update', 'remove', 'start', 'rebuild', 'list', 'get', 'changeKinds', 'refusals', 'exec.run']
const SIDE_METHODS = ['copies.copy', 'profiles.create', 'profiles.update', 'profiles.remove', 'networks.create']

/** What goes wrong: a call fails before or after it has happened, or the user presses Ctrl-C in it. */
const trouble = fc.record({
  method: fc.constantFrom(...METHODS, ...SIDE_METHODS),
  nth: fc.integer({min: 1, max: 4}),
  when: fc.constantFrom('before', 'after'),
  what: fc.constantFrom('fail', 'abort'),
})

const cloudInit = ({
  argv,
  options,
}: {
  argv: readonly string[]
  options: {onStdout?: ((chunk: Buffer) => unknown) | undefined}
}) => {
  if (argv[0] !== 'cloud-init') return undefined
  options.onStdout?.(Buffer.from('{"status": "done", "errors": []}'))
  return 0
}

const load = (content: unknown, name: string) =>
  loadManifest(['-'], {
    plan: name,
    stdin: (async function* () {
      yield JSON.stringify(content)
    })(),
  })

/** Applies a plan through a driver that `intervene` looks at; gives what was done. */
async function apply(
  world: World,
  content: unknown,
  intervene: Intervene = () => undefined,
  abort = new AbortController(),
) {
  const driver = intercept(world.memory, intervene)
  vi.setSystemTime(Date.now() + 1000)
  const session = {...world.session, open: async () => driver as never}
  const view = await applyManifest(session, await load(content, 'mine'), {
    prune: true,
    dryRun: false,
    signal: abort.signal,
    progress: async () => recordingProgress(),
    approve: async () => true,
  })
  return view.data as {readonly done?: readonly {readonly ref: string}[]}
}

interface World {
  readonly memory: MemoryInstances
  readonly session: ReturnType<typeof memorySession>
}

/** Machines of nobody and of another plan, and names that begin like ours. */
async function worldWithOthers(): Promise<World & Disposable> {
  const memory = createMemoryInstances({program: cloudInit})
  const session = memorySession({instance: memory})
  for (const [name, labels] of [
    ['w-1000', {}],
    ['gate-2', {[PLAN_LABEL]: 'theirs'}],
    ['mine', {role: 'a'}],
  ] as const) {
    await memory.create({name, image: 'debian/12', type: 'container', metadata: {...labels}})
  }
  await memory.profiles?.create({name: 'theirs', metadata: {[PLAN_LABEL]: 'theirs'}})
  return {memory, session, [Symbol.dispose]: () => session[Symbol.dispose]()}
}

const OTHERS = ['w-1000', 'gate-2', 'mine']
const othersOf = ({memory}: World) => OTHERS.map((name) => memory.states.get(name))

/** Copies that are kept of a machine before its disk is given up; they belong to nobody. */
const isCopy = ({name, labels}: Instance) => /-before-/.test(name) && labels[PLAN_LABEL] === undefined

/** OMNI_TEST_RUNS: how many plans are tried. */
test('after any trouble, applying again converges, a third time nothing is done, and nothing else was touched', async () => {
  // Names of copies hold the second: no two applies of a person are in one.
  vi.useFakeTimers({toFake: ['Date']})
  onTestFinished(() => void vi.useRealTimers())
  const property = fc.asyncProperty(
    plan,
    plan,
    fc.array(trouble, {minLength: 1, maxLength: 3}),
    async (before, wanted, troubles) => {
      using world = await worldWithOthers()
      await apply(world, before)
      const others = structuredClone(othersOf(world))
      const abort = new AbortController()
      await apply(world, wanted, troubling(troubles, abort), abort).catch(() => undefined)

      await apply(world, wanted)
      const converged = [...world.memory.states.values()]
      const third = await apply(world, wanted)

      expect(third.done).toEqual([])
      expect([...world.memory.states.values()]).toEqual(converged)
      expect(othersOf(world)).toEqual(others)
      expect(await world.memory.profiles?.get('theirs')).toMatchObject({labels: {[PLAN_LABEL]: 'theirs'}})
      const ours = converged.filter((one) => !OTHERS.includes(one.name) && !isCopy(one))
      expect(ours.map(({name}) => name).sort()).toEqual(Object.keys(wanted.instances).sort())
      for (const one of ours) expectAsWanted(one, wanted.instances[one.name] ?? {})
    },
  )
  await fc.assert(property, {numRuns: Number(process.env.OMNI_TEST_RUNS ?? 20)})
})

function troubling(
  troubles: readonly {method: string; nth: number; when: string; what: string}[],
  abort: AbortController,
): Intervene {
  return ({method, nth, when}) => {
    const found = troubles.find((one) => one.method === method && one.nth === nth && one.when === when)
    if (found?.what === 'abort') abort.abort()
    if (found?.what === 'fail') throw new Error('the connection broke')
  }
}

function expectAsWanted(one: Instance, wanted: object): void {
  const {image, cpus, memory, type, autostart, metadata = {}} = wanted as Record<string, never>
  expect(one).toMatchObject({status: 'running', image, labels: {...(metadata as object), [PLAN_LABEL]: 'mine'}})
  expect(one.cpus).toBe(cpus)
  expect(one.type).toBe(type ?? 'container')
  expect(one.memoryBytes).toBe(memory === undefined ? undefined : Number.parseInt(memory, 10) * 1024 ** 3)
  expect(one.settings?.autostart).toBe(autostart)
}
