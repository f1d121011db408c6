import {existsSync, readdirSync} from 'node:fs'
import {join} from 'node:path'
import {isOmniError, OmniError} from '@omni-cli/sdk'
import type {TextLine} from '@omni-cli/sdk/cli'
import {loadManifest, PLAN_LABEL, withLock} from '@omni-cli/sdk/engine'
import {type Call, createMemoryInstances, type Intervene, intercept, type MemoryInstances} from '@omni-cli/testkit'
import {describe, expect, test} from 'vitest'
import {type ApplyManifestOptions, applyManifest} from '../../src/apply/apply-manifest.ts'
import {plainText} from '../../src/apply/plan-view.ts'
import {memorySession, recordingProgress} from './memory-session.ts'

const load = (text: string) =>
  loadManifest(['-'], {
    plan: 'demo',
    stdin: (async function* () {
      yield text
    })(),
  })

interface World {
  readonly memory: MemoryInstances
  readonly session: ReturnType<typeof memorySession>
  /** Methods that were called, `name` or `facet.name`. */
  readonly calls: Call[]
  readonly asked: string[]
  readonly lines: string[]
}

/** The memory driver in a session; `intervene` sees every call. */
function world(intervene: Intervene = () => undefined, memory = createMemoryInstances()): World & Disposable {
  const calls: Call[] = []
  const driver = intercept(memory, (call) => {
    if (call.when === 'before') calls.push(call)
    return intervene(call)
  })
  const session = memorySession({instance: driver})
  return {memory, session, calls, asked: [], lines: [], [Symbol.dispose]: () => session[Symbol.dispose]()}
}

async function apply({session, asked, lines}: World, text: string, options: Partial<ApplyManifestOptions> = {}) {
  const progress = recordingProgress()
  const view = await applyManifest(session, await load(text), {
    prune: false,
    dryRun: false,
    signal: new AbortController().signal,
    progress: async () => progress,
    approve: async (plan: readonly TextLine[]) => {
      asked.push(plainText(plan))
      return true
    },
    ...options,
  })
  lines.push(...progress.lines)
  return view.data as {readonly done?: readonly {ref: string; action: string; copy?: string}[]; notes?: string[]}
}

const failure = async (work: Promise<unknown>) => {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!isOmniError(error)) throw error ?? new Error('it succeeded')
  return error
}

const methods = ({calls}: World) => calls.map(({method}) => method)

const PLAN = `instances:
  web: {image: debian/12, profiles: [small], network: {name: lan}, depends_on: [db]}
  db: {image: debian/12, cpus: 2}
profiles:
  small: {config: {limits.processes: 100}}
networks:
  lan: {ipv4: 10.20.0.1/24}
`

describe('what is as wanted', () => {
  test('is made in order, and a second time nothing is done', async () => {
    using here = world()
    const {done = []} = await apply(here, PLAN)
    const order = done.map(({ref}) => ref)
    expect(order).toHaveLength(4)
    expect(order.at(-1)).toBe('instance/web')
    expect(await here.memory.get('web')).toMatchObject({labels: {[PLAN_LABEL]: 'demo'}, status: 'running'})
    expect(await here.memory.networks?.get('lan')).toMatchObject({labels: {[PLAN_LABEL]: 'demo'}})
    expect((await apply(here, PLAN)).done).toEqual([])
  })

  test('costs one look, no lock and no question what cannot be honoured', async () => {
    using here = world()
    const text = 'instances: {web: {image: debian/12, count: 20}}'
    await apply(here, text)
    here.calls.length = 0
    await withLock({home: here.session.home, name: 'default', command: 'other'}, async () => {
      expect((await apply(here, text)).done).toEqual([])
    })
    expect(methods(here)).toEqual(['list'])
  })

  test('looks at networks and profiles only when the plan has them', async () => {
    using here = world()
    await apply(here, PLAN)
    here.calls.length = 0
    await apply(here, PLAN)
    expect(methods(here).sort()).toEqual(['list', 'networks.list', 'profiles.list'])
  })
})

describe('before anything is made', () => {
  test('everything that the driver cannot honour is told with its place', async () => {
    using here = world(undefined, createMemoryInstances({images: ['debian/12']}))
    const text =
      'instances:\n  web:\n    image: debian/99\n    profiles: [nope]\n  db:\n    image: debian/12\n    network: {name: gone}\n'
    const error = await failure(apply(here, text))
    expect(error.code).toBe('UNSUPPORTED')
    expect(error.details).toMatchObject([
      {line: 3, column: 12, message: "instance 'web': there is no image 'debian/99'"},
      {line: 4, column: 16, message: "instance 'web': there is no profile 'nope'"},
      {line: 7, column: 21, message: "instance 'db': there is no network 'gone'"},
    ])
    expect(here.memory.states.size).toBe(0)
    expect(await failure(apply(here, text, {dryRun: true}))).toMatchObject({code: 'UNSUPPORTED'})
  })

  test('a driver without networks and profiles is told, all at once', async () => {
    const {networks: _, profiles: __, ...memory} = createMemoryInstances()
    using session = memorySession({instance: memory})
    const here = {session, asked: [], lines: [], calls: [], memory: createMemoryInstances()}
    const error = await failure(apply(here, PLAN))
    expect(error).toMatchObject({code: 'UNSUPPORTED', details: [{line: 5}, {line: 7}]})
    expect(memory.states.size).toBe(0)
  })

  test('a second apply at the same time is LOCKED', async () => {
    using here = world()
    await withLock({home: here.session.home, name: 'default', command: 'omni apply'}, async () => {
      expect(await failure(apply(here, PLAN))).toMatchObject({code: 'LOCKED'})
    })
    expect(here.memory.states.size).toBe(0)
  })
})

describe('what a change costs', () => {
  test('is asked of those that differ alone, once each', async () => {
    using here = world()
    await apply(here, 'instances: {a: {image: debian/12, cpus: 1}, b: {image: debian/12, cpus: 1}}')
    here.calls.length = 0
    const text = 'instances: {a: {image: debian/12, cpus: 1}, b: {image: debian/12, cpus: 2, memory: 1GiB}}'
    const data = await apply(here, text, {dryRun: true})
    const asked = here.calls.filter(({method}) => method === 'changeKinds')
    expect(asked.map(({args}) => args[1])).toEqual([['cpus', 'memory']])
    expect(data).toMatchObject({operations: [{action: 'keep'}, {action: 'update', cost: 'restart'}]})
  })

  test('changes that cost no disk are carried out without a question', async () => {
    using here = world()
    await apply(here, 'instances: {a: {image: debian/12, cpus: 1}}')
    expect((await apply(here, 'instances: {a: {image: debian/12, cpus: 2}}')).done).toEqual([
      {ref: 'instance/a', action: 'update'},
    ])
    expect(here.asked).toEqual([])
    expect((await here.memory.get('a'))?.cpus).toBe(2)
  })
})

describe('before a disk is given up', () => {
  const before = 'instances: {db: {image: debian/12}}'
  const rebuilt = 'instances: {db: {image: debian/13}}'
  const replaced = 'instances: {db: {image: debian/12, type: vm}}'

  test.each([
    ['rebuild', rebuilt],
    ['replace', replaced],
  ])('%s asks, and keeps a copy that is stopped and belongs to no plan', async (action, text) => {
    using here = world()
    await apply(here, before)
    const {done = []} = await apply(here, text)
    expect(done).toEqual([{ref: 'instance/db', action, copy: expect.stringMatching(/^db-before-\d{8}t\d{6}z$/)}])
    expect(here.asked).toEqual([expect.stringContaining('a copy is kept first, as NAME-before-TIME: db')])
    const copy = await here.memory.get(done[0]?.copy ?? '')
    expect(copy).toMatchObject({status: 'stopped', image: 'debian/12'})
    expect(copy?.labels).not.toHaveProperty(PLAN_LABEL)
    expect((await apply(here, text)).done).toEqual([])
  })

  test('nothing happens when the answer is no', async () => {
    using here = world()
    await apply(here, before)
    expect(await apply(here, rebuilt, {approve: async () => false})).toMatchObject({
      operations: [{action: 'rebuild', cost: 'rebuild'}],
      notes: [expect.stringContaining('a copy is kept'), 'nothing was done'],
    })
    expect([...here.memory.states.values()]).toMatchObject([{name: 'db', image: 'debian/12'}])
  })

  test('without copies, the question says that the data are lost', async () => {
    using here = world()
    await apply(here, before)
    expect((await apply(here, rebuilt, {keepsCopies: false})).done).toEqual([{ref: 'instance/db', action: 'rebuild'}])
    expect(here.asked).toEqual([expect.stringContaining('no copy is kept: what is on the disk of db is lost')])
    const {copies: _, ...memory} = createMemoryInstances()
    using session = memorySession({instance: memory})
    const plain = {session, asked: [], lines: [], calls: [], memory: here.memory}
    await apply(plain, before)
    await apply(plain, rebuilt)
    expect(plain.asked).toEqual([
      expect.stringContaining("'memory' cannot keep copies: what is on the disk of db is lost"),
    ])
  })

  test('a copy that fails keeps everything as it is', async () => {
    using here = world(({method}) => {
      if (method === 'copies.copy') throw new Error('the pool is full')
    })
    await apply(here, before)
    expect((await failure(apply(here, replaced))).message).toContain('the pool is full')
    expect(await here.memory.get('db')).toMatchObject({type: 'container', status: 'running'})
  })

  test('when the new machine cannot be made, the error names the copy', async () => {
    let isBroken = false
    using here = world(({method, when}) => {
      if (isBroken && method === 'create' && when === 'before') throw unavailable()
    })
    await apply(here, before)
    isBroken = true
    const error = await failure(apply(here, replaced))
    expect(error.message).toMatch(/the machine as it was is kept as 'db-before-/)
    isBroken = false
    expect((await apply(here, replaced)).done).toMatchObject([{action: 'create'}])
  })

  test('a protected machine is refused, and stays', async () => {
    using here = world()
    await apply(here, 'instances: {db: {image: debian/12, protect: true}}')
    const error = await failure(apply(here, 'instances: {db: {image: debian/13, protect: false}}'))
    expect(error).toMatchObject({code: 'CONFLICT', details: [{message: expect.stringContaining('is protected')}]})
    await apply(here, 'instances: {db: {image: debian/12, protect: false}}')
    expect((await apply(here, rebuilt)).done).toMatchObject([{action: 'rebuild'}])
  })
})

describe('a machine of which a copy is kept', () => {
  const before = 'instances: {db: {image: debian/12}}'

  test.each([
    ['rebuild', 'instances: {db: {image: debian/13}}'],
    ['replace', 'instances: {db: {image: debian/12, type: vm}}'],
  ])('what is written until the machine is off is in the copy of a %s, too', async (_, text) => {
    const seen: unknown[] = []
    using here = world(async ({method, when}) => {
      if (method === 'copies.copy' && when === 'before') seen.push((await here.memory.get('db'))?.status)
    })
    await apply(here, before)
    await apply(here, text)
    expect(seen).toEqual(['stopped'])
    expect(await here.memory.get('db')).toMatchObject({status: 'running'})
  })

  test.each([
    ['rebuild', 'instances: {db: {image: debian/13}}'],
    ['replace', 'instances: {db: {image: debian/12, type: vm}}'],
  ])('one that its engine removes at a stop is not stopped for the copy of a %s', async (_, text) => {
    const stopped: unknown[] = []
    using here = world(({method}) => {
      if (method === 'stop') stopped.push(method)
    })
    await apply(here, before)
    const state = here.memory.states.get('db')
    if (state === undefined) throw new Error('it is not there')
    here.memory.states.set('db', {...state, isEphemeral: true})
    expect(await failure(apply(here, text))).toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('ephemeral'),
    })
    expect(stopped).toEqual([])
    expect(await here.memory.get('db')).toMatchObject({image: 'debian/12', status: 'running', type: 'container'})
  })

  test('a rebuild that fails leaves the machine running', async () => {
    using here = world(({method, when}) => {
      if (method === 'rebuild' && when === 'before') throw unavailable()
    })
    await apply(here, before)
    await failure(apply(here, 'instances: {db: {image: debian/13}}'))
    expect(await here.memory.get('db')).toMatchObject({image: 'debian/12', status: 'running'})
  })
})

test('values of secret variables are masked in what a driver says of them', async () => {
  using here = world(({method, when}) => {
    if (method === 'create' && when === 'before') throw new OmniError('UNAVAILABLE', 'cannot run: login hunter2secret')
  })
  const text = `variables: {db_password: hunter2secret}\ninstances: {db: {image: "\${var.db_password}"}}`
  const error = await failure(apply(here, text))
  expect(JSON.stringify(error)).not.toContain('hunter2secret')
  expect(error.message).toContain('login ***')
})

const unavailable = () => new OmniError('UNAVAILABLE', 'gone')

describe('trouble on the way', () => {
  test('Ctrl-C says what is done, what was begun and what is left; the next apply goes on', async () => {
    const controller = new AbortController()
    using here = world(({method, when, args}) => {
      const spec = args[0]
      const isWeb = typeof spec === 'object' && spec !== null && 'name' in spec && spec.name === 'b'
      if (method === 'create' && when === 'after' && isWeb) controller.abort()
    })
    const text = 'instances: {a: {image: x}, b: {image: x, depends_on: [a]}, c: {image: x, depends_on: [b]}}'
    const error = await failure(apply(here, text, {signal: controller.signal}))
    expect(error).toMatchObject({code: 'ABORTED', hint: 'run it again to go on'})
    expect(error.message.split('\n').slice(1)).toEqual([
      'done: create instance/a',
      'half done: create instance/b',
      'not done: create instance/c',
    ])
    expect((await apply(here, text)).done).toEqual([
      {ref: 'instance/b', action: 'start'},
      {ref: 'instance/c', action: 'create'},
    ])
    expect((await apply(here, text)).done).toEqual([])
  })

  test('a machine that was never seen ready is waited for until it is', async () => {
    let status = 'error'
    const program = ({
      argv,
      options,
    }: {
      argv: readonly string[]
      options: {onStdout?: ((chunk: Buffer) => unknown) | undefined}
    }) => {
      if (argv[0] !== 'cloud-init') return undefined
      options.onStdout?.(Buffer.from(JSON.stringify({status, errors: status === 'done' ? [] : ['no such package']})))
      return status === 'done' ? 0 : 1
    }
    using here = world(undefined, createMemoryInstances({program}))
    const text = 'instances: {web: {image: x, cloud_init: "#cloud-config\\npackages: [nope]"}}'
    expect((await failure(apply(here, text))).message).toContain('cloud-init')
    await failure(apply(here, text))
    status = 'done'
    expect((await apply(here, text)).done).toEqual([{ref: 'instance/web', action: 'start'}])
    expect((await apply(here, text)).done).toEqual([])
    expect(existsSync(join(here.session.home, 'state')) ? readdirSync(join(here.session.home, 'state')) : []).toEqual(
      [],
    )
  })

  test('a machine that is deleted by hand meanwhile fails alone, and is made again', async () => {
    let isDeleted = false
    using here: World & Disposable = world(({method, when, args}) => {
      const spec = args[0]
      const isGone = typeof spec === 'object' && spec !== null && 'name' in spec && spec.name === 'gone'
      if (!isDeleted && method === 'create' && when === 'after' && isGone) {
        isDeleted = true
        here.memory.states.delete('gone')
      }
    })
    const text = 'instances: {gone: {image: x}, other: {image: x}}'
    const error = await failure(apply(here, text))
    expect(error.details).toMatchObject({done: [{ref: 'instance/other'}], failed: [{ref: 'instance/gone'}]})
    expect((await apply(here, text)).done).toEqual([{ref: 'instance/gone', action: 'create'}])
  })
})

describe('how much is done', () => {
  test('no more is done at the same time than asked for', async () => {
    let [now, most] = [0, 0]
    using here = world(async ({method, when}) => {
      if (method !== 'create') return
      if (when === 'before') most = Math.max(most, ++now)
      else now--
      await new Promise((resolve) => setImmediate(resolve))
    })
    await apply(here, 'instances: {web: {image: x, count: 12}}', {concurrency: 3})
    expect(most).toBe(3)
  })

  test('labels that others have set stay, those that the plan does not say any more go', async () => {
    using here = world()
    await apply(here, 'instances: {db: {image: x, metadata: {role: db, tier: back}}}')
    const before = await here.memory.get('db')
    await here.memory.update?.('db', {
      name: 'db',
      image: 'x',
      type: 'container',
      metadata: {...before?.labels, rack: '7'},
    })
    const text = 'instances: {db: {image: x, metadata: {role: db}}}'
    expect((await apply(here, text)).done).toMatchObject([{action: 'update'}])
    expect((await here.memory.get('db'))?.labels).toMatchObject({role: 'db', rack: '7'})
    expect((await here.memory.get('db'))?.labels).not.toHaveProperty('tier')
    expect((await apply(here, text)).done).toEqual([])
  })

  test('prune removes what carries the label of the plan and nothing else', async () => {
    using here = world()
    await apply(here, PLAN)
    await here.memory.create({name: 'web-10', image: 'debian/12', type: 'container'})
    await here.memory.create({name: 'theirs', image: 'debian/12', type: 'container', metadata: {[PLAN_LABEL]: 'other'}})
    const {done = []} = await apply(here, 'instances: {db: {image: debian/12, cpus: 2}}', {prune: true})
    expect(done.map(({ref}) => ref)).toEqual(['instance/web', 'profile/small', 'network/lan'])
    expect([...here.memory.states.keys()].sort()).toEqual(['db', 'theirs', 'web-10'])
  })
})
