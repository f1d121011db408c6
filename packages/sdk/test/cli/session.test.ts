import {mkdir, mkdtemp, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {type Contribution, enabledContributions, openSession, provideHost, readContributions} from '@omni-cli/sdk/cli'
import {afterEach, beforeEach, describe, expect, it, onTestFinished, vi} from 'vitest'

let root = ''
let home = ''
let notices: string[] = []

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'omni-session-'))
  home = join(root, 'home')
  notices = []
  await mkdir(home)
})

afterEach(() => provideHost({}))

const settings = '{safeParse: (data) => ({success: true, data})}'

/** A module whose provider tells in `name` how it was made. */
const moduleText = (id: string, check: string) =>
  `export default {kind: 'service', id: '${id}', settings: ${settings}, create: (context, settings) => ({
    name: '${id}', home: context.home, namespace: context.namespace, settings, logs: {}, check: async () => (${check})})}`

interface Declared {
  readonly id: string
  readonly priority?: number
  readonly requires?: string
  readonly check?: string
  readonly text?: string
}

/** A plugin on disk, as oclif would show it. */
async function plugin(name: string, providers: readonly Declared[]) {
  const folder = join(root, name)
  await mkdir(folder, {recursive: true})
  for (const {id, check = '{ok: true}', text} of providers)
    await writeFile(join(folder, `${id}.mjs`), text ?? moduleText(id, check))
  const entries = providers.map(({id, priority, requires}) => ({
    kind: 'service',
    id,
    module: `./${id}.mjs`,
    priority,
    requires,
  }))
  return {name, root: folder, pjson: {omni: {apiVersion: 1, providers: entries}}}
}

type Plugins = readonly Awaited<ReturnType<typeof plugin>>[]

const session = (
  plugins: Plugins,
  options: {readonly env?: Record<string, string>; readonly provider?: string; readonly context?: string} = {},
) =>
  openSession({
    plugins,
    isDebug: false,
    notice: (text) => notices.push(text),
    ...options,
    env: {OMNI_HOME: home, ...options.env},
  })

const writeConfig = (text: string) => writeFile(join(home, 'config.yaml'), text, {mode: 0o600})

describe('contributions', () => {
  const one = (entry: unknown) =>
    readContributions([{name: 'p', root: '/p', pjson: {omni: {apiVersion: 1, providers: [entry]}}}])
  const good = {kind: 'service', id: 'x', title: 'X', module: './x.js', priority: 5}

  it('are read from package.json', () => {
    expect(one(good).contributions).toEqual([
      {kind: 'service', id: 'x', title: 'X', plugin: 'p', module: '/p/x.js', priority: 5, requires: undefined},
    ])
  })

  it.each([
    ['no object', 'x'],
    ['an unknown kind', {...good, kind: 'toaster'}],
    ['an inherited name as kind', {...good, kind: 'constructor'}],
    ['a bad id', {...good, id: '../x'}],
    ['no module', {...good, module: 3}],
    ['a module outside of the plugin', {...good, module: '../../etc/x.js'}],
    ['a priority that is no number', {...good, priority: 'high'}],
  ])('with %s are left out with a warning', (_, entry) => {
    const {contributions, warnings} = one(entry)

    expect(contributions).toEqual([])
    expect(warnings).toEqual([expect.stringContaining("plugin 'p'")])
  })

  it('never throw, whatever a package.json holds', () => {
    for (const omni of [null, 3, 'x', [], {}, {apiVersion: 2}, {apiVersion: 1, providers: 'x'}]) {
      const {contributions, warnings} = readContributions([{name: 'p', root: '/p', pjson: {omni}}])
      expect(contributions).toEqual([])
      expect(warnings).toHaveLength(1)
    }
    expect(readContributions([{name: 'p', root: '/p', pjson: {}}])).toEqual({contributions: [], warnings: []})
  })

  it('that squat an id are left out, the first stays', () => {
    const {contributions, warnings} = readContributions(
      ['a', 'b'].map((name) => ({name, root: `/${name}`, pjson: {omni: {apiVersion: 1, providers: [good]}}})),
    )

    expect(contributions.map(({plugin: from}) => from)).toEqual(['a'])
    expect(warnings).toEqual(["plugin 'b': service provider 'x' is already supplied by 'a'"])
  })

  it.each(['@omni-cli/plugin-cost', 'plugin-cost', 'cost'])('are turned off by %s', (name) => {
    const contribution = {plugin: '@omni-cli/plugin-cost'} as Contribution

    expect(enabledContributions([contribution], [{name, enabled: false}])).toEqual([])
    expect(enabledContributions([contribution], [{name, enabled: true}])).toEqual([contribution])
  })

  it('that the host knows are not read again', async () => {
    provideHost({contributions: []})

    expect((await session([await plugin('a', [{id: 'a'}])])).contributions).toEqual([])
  })
})

describe('the driver', () => {
  it('is the one with the highest priority that passes its check', async () => {
    const plugins = [
      await plugin('a', [{id: 'low', priority: 1}]),
      await plugin('b', [
        {id: 'down', priority: 9, check: '{ok: false, message: "not running"}'},
        {id: 'high', priority: 5},
        {id: 'cluster-only', priority: 99, requires: 'cluster'},
      ]),
    ]

    expect((await (await session(plugins)).open('service')).name).toBe('high')
  })

  it('that needs a key of the context is taken when the context has it', async () => {
    await writeConfig('contexts: [{name: a, cluster: c}]')
    const plugins = [
      await plugin('a', [
        {id: 'low', priority: 1},
        {id: 'kube', priority: 5, requires: 'cluster'},
      ]),
    ]

    expect((await (await session(plugins)).open('service')).name).toBe('kube')
  })

  it('is named by flag, then variable, then context, then nobody', async () => {
    await writeConfig('contexts: [{name: a, providers: {services: two}}]')
    const plugins = [await plugin('a', [{id: 'one', priority: 9}, {id: 'two'}, {id: 'three'}, {id: 'four'}])]
    const nameWith = async (options: Parameters<typeof session>[1]) =>
      (await (await session(plugins, options)).open('service')).name

    expect(await nameWith({provider: 'four', env: {OMNI_PROVIDER: 'three'}})).toBe('four')
    expect(await nameWith({env: {OMNI_PROVIDER: 'three'}})).toBe('three')
    expect(await nameWith({})).toBe('two')
    await writeConfig('contexts: []')
    expect(await nameWith({})).toBe('one')
  })

  it('gets its settings from the context, and the home and namespace in force', async () => {
    await writeConfig('contexts: [{name: a, namespace: ns, one: {url: http://x}}]')
    const driver = await (await session([await plugin('a', [{id: 'one'}])])).open('service')

    expect(driver).toMatchObject({home, namespace: 'ns', settings: {url: 'http://x'}})
  })

  it('is opened once', async () => {
    const opened = await session([await plugin('a', [{id: 'one'}])])

    expect(await opened.open('service')).toBe(await opened.open('service', 'one'))
  })
})

describe('a driver that cannot be had', () => {
  it('because nobody has it is NOT_FOUND with the nearest name', async () => {
    const opened = await session([await plugin('a', [{id: 'orca'}])])

    await expect(opened.open('service', 'orcca')).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining("did you mean 'orca'?"),
    })
    await expect(opened.open('instance')).rejects.toMatchObject({code: 'UNAVAILABLE'})
  })

  it('because none is available is UNAVAILABLE with every reason', async () => {
    const plugins = [
      await plugin('a', [
        {id: 'one', check: '{ok: false, message: "not running", hint: "start one"}'},
        {id: 'two', text: 'throw new Error("broken at load")'},
      ]),
    ]

    await expect((await session(plugins)).open('service')).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringMatching(/one: not running \(start one\)\ntwo: .*broken at load/),
    })
  })

  it('because it is silent is passed over soon', async () => {
    const silent = `(await new Promise((_, reject) =>
      process.emit('silent-check') && signal?.addEventListener('abort', () => reject(signal.reason))))`
    const text = moduleText('one', silent).replace('check: async ()', 'check: async ({signal})')
    const plugins = [await plugin('a', [{id: 'one', priority: 9, text}, {id: 'two'}])]
    vi.useFakeTimers({toFake: ['setTimeout', 'clearTimeout']})
    onTestFinished(() => void vi.useRealTimers())
    const asked = new Promise((resolve) => process.once('silent-check', resolve))
    const opening = (await session(plugins)).open('service')
    await asked
    await vi.advanceTimersByTimeAsync(5_000)
    expect(await opening).toMatchObject({name: 'two'})
  })

  it.each([
    ['throws at load', 'throw new Error("boom")', 'boom'],
    ['exports nothing', 'export const x = 1', 'no provider definition'],
    ['exports another one', moduleText('other', '{ok: true}'), "declares service 'one'"],
    ['is no JavaScript', 'export default {', 'cannot be loaded'],
  ])('whose module %s is PLUGIN_INVALID and names the plugin', async (_, text, reason) => {
    const opened = await session([await plugin('bad', [{id: 'one', text}])])

    await expect(opened.open('service')).rejects.toMatchObject({
      code: 'PLUGIN_INVALID',
      hint: 'omni doctor',
      message: expect.stringMatching(new RegExp(`^plugin 'bad': .*${reason}`)),
    })
  })

  it('because it is broken does not hide the others', async () => {
    const plugins = [await plugin('a', [{id: 'one', text: 'throw new Error("boom")'}, {id: 'two'}])]
    const all = await (await session(plugins)).openAll('service')

    expect(all.map(({contribution, provider}) => [contribution.id, provider instanceof Error])).toEqual([
      ['one', true],
      ['two', false],
    ])
  })
})

describe('the context', () => {
  const twoContexts = 'current-context: a\ncontexts: [{name: a, namespace: one}, {name: b}]'

  it('is named by flag, then variable, then the file', async () => {
    await writeConfig(twoContexts)

    expect((await session([], {context: 'b', env: {OMNI_CONTEXT: 'x'}})).context.name).toBe('b')
    expect((await session([], {env: {OMNI_CONTEXT: 'b'}})).context.name).toBe('b')
    expect((await session([])).context.name).toBe('a')
  })

  it('needs no file', async () => {
    expect(await session([])).toMatchObject({context: {name: 'default'}, home, configFile: join(home, 'config.yaml')})
  })

  it('that is unknown is NOT_FOUND with the nearest name', async () => {
    await writeConfig('contexts: [{name: staging}, {name: lab}]')

    await expect(session([], {context: 'stagin'})).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: "there is no context 'stagin'; did you mean 'staging'?",
    })
  })

  it('gives the namespace unless the variable does', async () => {
    await writeConfig(twoContexts)

    expect((await session([])).namespace).toBe('one')
    expect((await session([], {env: {OMNI_NAMESPACE: 'two'}})).namespace).toBe('two')
  })

  it('is there in a home that cannot be written or does not exist', async () => {
    expect((await session([], {env: {OMNI_HOME: '/proc/none/home'}})).context.name).toBe('default')
  })
})
