import {execFileSync} from 'node:child_process'
import {chmod, lstat, mkdir, mkdtemp, readdir, readFile, stat, symlink, utimes, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {loadConfig, omniHome} from '@omni-cli/sdk/cli'
import {beforeEach, describe, expect, it} from 'vitest'
import {editConfig, openConfigText, parseConfig, parseConfigValue} from '../../src/cli/config/edit.ts'

let home = ''
let file = ''

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'omni-config-'))
  file = join(home, 'config.yaml')
})

/** The example of the manual. */
const EXAMPLE = `current-context: production
contexts:
  - name: production # the real one
    cluster: prod-k8s
    namespace: ml-models
  - name: staging
    cluster: staging-k8s
    namespace: default
    providers: {instances: incus, services: orca}
    orca: {url: http://lab-1:6880, token: {env: ORCA_TOKEN}}

preferences:
  default-runtime: vllm
  auto-select-runtime: true
  auto-scaling: true
  monitoring-enabled: true
  output-format: table # table, json, yaml, wide

plugins:
  - name: cost-optimizer
    enabled: true
  - name: security-scanner
    enabled: false

aliases:
  d: deploy
  up-all: [up, --all]
`

const problemsIn = (text: string): readonly string[] => {
  try {
    parseConfig(text, 'c.yaml')
    return []
  } catch (error) {
    return error instanceof Error ? error.message.split('\n') : []
  }
}

describe('reading', () => {
  it('understands the example of the manual', async () => {
    await writeFile(file, EXAMPLE, {mode: 0o600})
    const {config} = await loadConfig(home)

    expect(config['current-context']).toBe('production')
    expect(config.contexts[1]).toMatchObject({
      name: 'staging',
      providers: {services: 'orca'},
      orca: {token: {env: 'ORCA_TOKEN'}},
    })
    expect(config.preferences['auto-scaling']).toBe(true)
    expect(config.plugins[1]).toEqual({name: 'security-scanner', enabled: false})
    expect(config.aliases).toEqual({d: 'deploy', 'up-all': ['up', '--all']})
  })

  it('without a file, with an empty one and with one of comments is the empty configuration', async () => {
    expect(await loadConfig(home)).toMatchObject({exists: false, config: {contexts: []}})
    for (const text of ['', '# nothing\n', '{}', '---\n']) {
      await writeFile(file, text)
      expect((await loadConfig(home)).config).toEqual({contexts: [], preferences: {}, plugins: [], aliases: {}})
    }
  })

  it('takes JSON, too', () => {
    expect(parseConfig('{"contexts": [{"name": "a"}], "current-context": "a"}', file)).toMatchObject({
      contexts: [{name: 'a'}],
    })
  })

  it('tells all problems at once, each with its place and the nearest name', () => {
    const text = `current-contxt: a
contexts:
  - name: a
    namspace: x
  - name: a
    namespace: 3
preferences:
  output-format: tabel
  auto-scaling: maybe
`
    expect(problemsIn(text)).toEqual([
      'the configuration has 5 problems',
      "c.yaml:1:1: current-contxt: unknown key; did you mean 'current-context'?",
      "c.yaml:4:5: contexts[0].namspace: unknown key; did you mean 'namespace'?",
      'c.yaml:6:16: contexts[1].namespace: invalid input: expected string, received number',
      expect.stringMatching(/^c\.yaml:8:18: preferences\.output-format: .*did you mean 'table'\?$/),
      'c.yaml:9:17: preferences.auto-scaling: invalid input: expected boolean, received string',
    ])
  })

  it.each([
    ['contexts: [{name: a}, {name: a}]', "c.yaml:1:30: contexts[1].name: there are two contexts 'a'"],
    [
      'current-context: lap\ncontexts: [{name: lab}]',
      "c.yaml:1:18: current-context: there is no context 'lap'; did you mean 'lab'?",
    ],
    ['a: [', 'c.yaml:1:5'],
    ['a: 1\na: 2', 'c.yaml:2:1: Map keys must be unique'],
    ['- 1', 'c.yaml:1:1: invalid input: expected object, received array'],
    ['aliases: {"a b": x}', 'c.yaml:1:11: aliases.a b: an alias has letters'],
  ])('%j is told as %s', (text, problem) => {
    expect(problemsIn(text).join('\n')).toContain(problem)
  })

  it('is not blown up by aliases', () => {
    const levels = Array.from(
      {length: 12},
      (_, i) => `a${i + 1}: &a${i + 1} [${Array.from({length: 9}, () => `*a${i}`).join(', ')}]`,
    )

    expect(problemsIn(`a0: &a0 [x, x]\n${levels.join('\n')}\n`)).toEqual(['c.yaml: too many YAML aliases'])
  })

  it('refuses what is no file, without hanging', async () => {
    await mkdir(file)
    await expect(loadConfig(home)).rejects.toMatchObject({code: 'CONFIG_INVALID'})
  })

  it('does not wait for a FIFO and does not read gigabytes', async () => {
    execFileSync('mkfifo', [file])
    await expect(loadConfig(home)).rejects.toMatchObject({code: 'CONFIG_INVALID'})

    execFileSync('rm', [file])
    execFileSync('truncate', ['-s', '2G', file])
    await expect(loadConfig(home)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('1 MiB'),
    })
  })
})

describe('the cache', () => {
  const cacheFile = () => join(home, 'cache', 'config.json')

  it('is for this user alone and answers as long as the file is the same', async () => {
    await writeFile(file, 'aliases: {a: one}', {mode: 0o600})
    await loadConfig(home)
    expect((await stat(cacheFile())).mode & 0o777).toBe(0o600)

    const cached = JSON.parse(await readFile(cacheFile(), 'utf8'))
    await writeFile(cacheFile(), JSON.stringify({...cached, config: {...cached.config, aliases: {from: 'cache'}}}))
    expect((await loadConfig(home)).config.aliases).toEqual({from: 'cache'})
  })

  it('does not answer for a changed file, even of the same size and time', async () => {
    await writeFile(file, 'aliases: {a: one}')
    const {atime, mtime} = await stat(file)
    await loadConfig(home)
    await writeFile(file, 'aliases: {a: two}')
    await utimes(file, atime, mtime)

    expect((await loadConfig(home)).config.aliases).toEqual({a: 'two'})
  })

  it('is not believed when others could write it or it is broken', async () => {
    await writeFile(file, 'aliases: {a: one}')
    await loadConfig(home)
    const cached = JSON.parse(await readFile(cacheFile(), 'utf8'))
    await writeFile(cacheFile(), JSON.stringify({...cached, config: {...cached.config, aliases: {bad: 'x'}}}))
    await chmod(cacheFile(), 0o666)
    expect((await loadConfig(home)).config.aliases).toEqual({a: 'one'})

    await writeFile(cacheFile(), '{"key"')
    expect((await loadConfig(home)).config.aliases).toEqual({a: 'one'})
  })

  it('is left out where it cannot be written', async () => {
    await writeFile(file, 'aliases: {a: one}')
    await writeFile(join(home, 'cache'), 'in the way')

    expect((await loadConfig(home)).config.aliases).toEqual({a: 'one'})
    expect((await readdir(home)).toSorted()).toEqual(['cache', 'config.yaml'])
  })
})

describe('a file that others can read', () => {
  it('is told when it holds a secret, also from the cache', async () => {
    await writeFile(file, 'contexts: [{name: a, orca: {token: abc}}]')
    await chmod(file, 0o644)

    expect((await loadConfig(home)).warning).toContain('chmod 600')
    expect((await loadConfig(home)).warning).toContain('chmod 600')
    await chmod(file, 0o600)
    expect((await loadConfig(home)).warning).toBeUndefined()
  })

  it('is fine when it only names the variable', async () => {
    await writeFile(file, 'contexts: [{name: a, orca: {token: {env: T}, token-file: /x}}]')
    await chmod(file, 0o644)

    expect((await loadConfig(home)).warning).toBeUndefined()
  })
})

describe('changing', () => {
  it('keeps comments, order and everything else', async () => {
    await writeFile(file, EXAMPLE)
    await editConfig(home, (editor) => editor.set(['preferences', 'output-format'], 'wide'))
    await editConfig(home, (editor) => editor.set(['contexts', 0, 'namespace'], 'other'))
    await editConfig(home, (editor) => editor.remove(['aliases', 'd']))
    const expected = EXAMPLE.replace('output-format: table', 'output-format: wide')
      .replace('namespace: ml-models', 'namespace: other')
      .replace('  d: deploy\n', '')

    // Only the blanks inside of brackets are the printer's own.
    const written = (await readFile(file, 'utf8')).replaceAll(/(?<=[[{]) | (?=[\]}])/g, '')
    expect(written).toBe(expected)
  })

  it('makes the file for this user alone, and what is missing on the way', async () => {
    await editConfig(join(home, 'new'), (editor) => editor.set(['preferences', 'output-format'], 'json'))

    expect(await readFile(join(home, 'new', 'config.yaml'), 'utf8')).toBe('preferences:\n  output-format: json\n')
    expect((await stat(join(home, 'new', 'config.yaml'))).mode & 0o777).toBe(0o600)
    expect((await stat(join(home, 'new'))).mode & 0o777).toBe(0o700)
  })

  it('writes nothing that could not be read back', async () => {
    await writeFile(file, EXAMPLE)

    await expect(editConfig(home, (editor) => editor.set(['preferences', 'output-format'], 'x'))).rejects.toMatchObject(
      {
        code: 'USAGE',
        message: expect.stringContaining('preferences.output-format'),
      },
    )
    expect(await readFile(file, 'utf8')).toBe(EXAMPLE)
  })

  it('does not touch a file that is wrong', async () => {
    await writeFile(file, 'contexts: 3')

    await expect(editConfig(home, (editor) => editor.set(['aliases', 'a'], 'b'))).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    })
    expect(await readFile(file, 'utf8')).toBe('contexts: 3')
  })

  it('loses no change when many write at once', async () => {
    const names = Array.from({length: 12}, (_, index) => `alias${index}`)
    await Promise.all(names.map((name) => editConfig(home, (editor) => editor.set(['aliases', name], 'x'))))

    expect(Object.keys((await loadConfig(home)).config.aliases).toSorted()).toEqual(names.toSorted())
  })

  it('writes through a link to the dotfiles', async () => {
    const real = join(home, 'dotfiles.yaml')
    await writeFile(real, 'aliases: {a: b}\n')
    await symlink(real, file)
    await editConfig(home, (editor) => editor.set(['aliases', 'c'], 'd'))

    expect((await lstat(file)).isSymbolicLink()).toBe(true)
    expect(await readFile(real, 'utf8')).toContain('c: d')
  })

  it('says what is wrong with the home folder', async () => {
    await writeFile(join(home, 'file'), '')

    await expect(editConfig(join(home, 'file', 'x'), () => undefined)).rejects.toMatchObject({
      code: 'IO',
      message: expect.stringContaining('cannot make the folder'),
    })
  })

  it('removing the last key of a map removes the map', () => {
    const editor = openConfigText('contexts:\n  - name: a\n    orca:\n      url: x\n')
    expect(editor.remove(['contexts', 0, 'orca', 'url'])).toBe(true)
    expect(editor.remove(['contexts', 0, 'orca', 'url'])).toBe(false)

    expect(editor.toString()).toBe('contexts:\n  - name: a\n')
  })
})

describe('values of the command line', () => {
  it.each([
    ['true', true],
    ['3', 3],
    ['text', 'text'],
    ['{env: A}', {env: 'A'}],
    ['[a, b]', ['a', 'b']],
    ['"3"', '3'],
    ['a: b: c', 'a: b: c'],
    ['', ''],
    ['*x', '*x'],
  ])('%s is %j', (text, value) => {
    expect(parseConfigValue(text)).toEqual(value)
  })
})

describe('the home folder', () => {
  it.each([
    [{OMNI_HOME: '/x/y', HOME: '/home/me'}, '/x/y'],
    [{HOME: '/home/me'}, '/home/me/.ome'],
    [{OMNI_HOME: '', HOME: '/home/me'}, '/home/me/.ome'],
  ])('of %j is %s', (env, expected) => {
    expect(omniHome(env)).toBe(expected)
  })

  it('may not be found at all', () => {
    expect(() => omniHome({HOME: 'relative'})).toThrow('HOME is not set')
  })
})
