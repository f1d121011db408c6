import {mkdtemp, readFile, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {beforeEach, describe, expect, it} from 'vitest'
import {getSetting, setSetting, unsetSetting} from '../../src/config/settings.ts'

let home = ''
let file = ''

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'omni-settings-'))
  file = join(home, 'config.yaml')
  await writeFile(
    file,
    `contexts:
  - name: lab # mine
    orca: {url: http://a}
  - name: lab.example.org
    namespace: x
preferences: {auto-scaling: true}
aliases: {d: deploy}
`,
  )
})

const content = () => readFile(file, 'utf8')

describe('get', () => {
  it.each([
    ['contexts.lab.orca.url', 'http://a'],
    ['contexts.lab.orca', {url: 'http://a'}],
    ['contexts.lab.example.org.namespace', 'x'],
    ['preferences.auto-scaling', true],
    ['aliases.d', 'deploy'],
    ['aliases', {d: 'deploy'}],
  ])('%s', async (key, value) => {
    expect(await getSetting(home, key)).toEqual(value)
  })

  it.each([
    ['current-context', 'NOT_FOUND', "'current-context' is not set"],
    ['contexts.labb.orca', 'NOT_FOUND', "there is no context 'labb'; did you mean 'lab'?"],
    ['prefrences.x', 'USAGE', "there is no setting 'prefrences.x'; did you mean 'preferences'?"],
    ['__proto__.x', 'USAGE', "there is no setting '__proto__.x'"],
    ['preferences.constructor', 'NOT_FOUND', "'preferences.constructor' is not set"],
  ])('%s is %s', async (key, code, message) => {
    await expect(getSetting(home, key)).rejects.toMatchObject({code, message})
  })
})

describe('set', () => {
  it('reads the word as the setting wants it', async () => {
    await setSetting(home, 'preferences.auto-scaling', 'false')
    await setSetting(home, 'contexts.lab.namespace', '123')
    await setSetting(home, 'contexts.lab.orca.token', '{env: T}')

    expect(await getSetting(home, 'preferences')).toEqual({'auto-scaling': false})
    expect(await getSetting(home, 'contexts.lab')).toMatchObject({
      namespace: '123',
      orca: {url: 'http://a', token: {env: 'T'}},
    })
    expect(await content()).toContain('name: lab # mine')
  })

  it('turns off a plugin that was not named before', async () => {
    await setSetting(home, 'plugins.cost.enabled', 'false')
    await setSetting(home, 'plugins.other.enabled', 'true')
    await setSetting(home, 'plugins.cost.enabled', 'true')

    expect(await getSetting(home, 'plugins')).toEqual([
      {name: 'cost', enabled: true},
      {name: 'other', enabled: true},
    ])
  })

  it('creates no context by accident', async () => {
    await expect(setSetting(home, 'contexts.new.namespace', 'x')).rejects.toMatchObject({
      code: 'NOT_FOUND',
      hint: 'omni init --name new',
    })
  })

  it.each([
    ['preferences.auto-scaling', 'maybe'],
    ['preferences.colour', 'red'],
    ['current-context', 'none'],
    ['contexts.lab.name', '-rf'],
    ['aliases.a b', 'x'],
  ])('%s to %s is refused and changes nothing', async (key, value) => {
    const before = await content()

    await expect(setSetting(home, key, value)).rejects.toMatchObject({code: 'USAGE'})
    expect(await content()).toBe(before)
  })
})

describe('unset', () => {
  it('removes what is set, and what is not is no error', async () => {
    expect(await unsetSetting(home, 'aliases.d')).toBe(true)
    expect(await unsetSetting(home, 'aliases.d')).toBe(false)
    expect(await unsetSetting(home, 'contexts.none.x')).toBe(false)
    expect(await content()).not.toContain('deploy')
  })
})
