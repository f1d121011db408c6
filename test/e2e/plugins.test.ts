import {mkdir, mkdtemp, readFile, rm, symlink, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {dirname, join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {afterAll, afterEach, beforeAll, beforeEach, describe, expect, it} from 'vitest'
import {createHome, omni, removeHome, run} from './harness.ts'
import {startRegistry, type TestRegistry} from './registry.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const TIMEOUT_MS = 60_000

let work: string
let acme: string
let registry: TestRegistry
let home: string

/** A third party's plugin, made as its author makes it, and published in two versions. */
beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'omni-work-'))
  acme = join(work, 'omni-plugin-acme')
  registry = await startRegistry()
  await must([process.execPath, join(root, 'scripts', 'new.ts'), 'plugin', 'acme', '--dir', acme])
  await symlink(join(root, 'node_modules'), join(acme, 'node_modules'))
  await must([process.execPath, join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', acme])
  await rm(join(acme, 'node_modules'))
  await writeFile(join(acme, '.npmrc'), `${registry.url.replace('http:', '')}:_authToken=anyone\n`)
  await publish()
}, 120_000)

afterAll(async () => {
  await registry?.[Symbol.asyncDispose]()
  await rm(work, {recursive: true, force: true})
})

beforeEach(async () => {
  home = await createHome()
})
afterEach(() => removeHome(home))

async function must(argv: readonly string[], cwd = work): Promise<string> {
  const result = await run(argv, {home: work, cwd})
  if (result.code !== 0) throw new Error(`${argv.join(' ')}\n${result.stdout}${result.stderr}`)
  return result.stdout
}

const publish = () => must(['npm', 'publish', '--ignore-scripts', '--registry', registry.url], acme)

const withRegistry = (...args: string[]) =>
  omni(args, {home, env: {OMNI_NPM_REGISTRY: registry.url}, timeoutMs: TIMEOUT_MS})

/** A plugin of a few files; none of them is compiled, none has a manifest. */
async function makePlugin(name: string, files: Record<string, string>, more: object = {}): Promise<string> {
  const dir = join(home, name)
  const pjson = {name, version: '1.0.0', type: 'module', oclif: {commands: './commands', topicSeparator: ' '}, ...more}
  for (const [file, text] of Object.entries({...files, 'package.json': JSON.stringify(pjson)})) {
    await mkdir(dirname(join(dir, file)), {recursive: true})
    await writeFile(join(dir, file), text)
  }
  return dir
}

const command = (body: string) => `import {BaseCommand} from '@omni-cli/sdk/cli'
export default class extends BaseCommand {
  static summary = 'of a plugin'
  async run() { await this.parse(this.constructor); ${body} }
}
`

async function works(): Promise<void> {
  const info = await omni(['acme', 'info', '-o', 'json'], {home})
  expect(info).toMatchObject({code: 0, stderr: ''})
  expect(JSON.parse(info.stdout)).toEqual({provider: 'acme', instances: 0})
  const providers = await omni(['provider', 'list', '-o', 'json'], {home})
  expect(providers.stdout).toContain('"acme"')
  expect((await omni(['--help'], {home})).stdout).toMatch(/Plugins\n {2}acme +Acme/)
  expect((await omni(['__complete', 'acme', 'in'], {home})).stdout).toMatch(/^info\t/)
  expect((await omni(['commands', '--json'], {home})).stdout).toContain('"acme info"')
}

describe('a plugin that others made', {timeout: TIMEOUT_MS}, () => {
  it('is installed from a registry, used, updated and removed', async () => {
    const installed = await withRegistry('plugin', 'install', 'omni-plugin-acme', '--json')
    expect(installed.code).toBe(0)
    expect(JSON.parse(installed.stdout)).toMatchObject({
      changed: [
        {
          name: 'omni-plugin-acme',
          version: '0.1.0',
          status: 'ok',
          providers: ['instance/acme'],
          commands: ['acme info'],
        },
      ],
    })
    await works()

    const pjson = await readFile(join(acme, 'package.json'), 'utf8')
    await writeFile(join(acme, 'package.json'), pjson.replace('"0.1.0"', '"0.1.1"'))
    await publish()
    expect((await withRegistry('plugin', 'update')).stdout).toContain('omni-plugin-acme 0.1.1')

    expect(await omni(['plugins', 'uninstall', 'omni-plugin-acme'], {home})).toMatchObject({
      code: 0,
      stdout: 'removed omni-plugin-acme\n',
    })
    expect(await omni(['acme', 'info'], {home})).toMatchObject({code: 2})
    expect((await omni(['--help'], {home})).stdout).not.toContain('acme')
  })

  it('is installed from a folder', async () => {
    expect(await omni(['plugin', 'install', './omni-plugin-acme'], {home, cwd: work})).toMatchObject({code: 0})
    await works()
  })

  it('is installed from a tarball', async () => {
    const [tarball = ''] = (await must(['npm', 'pack', '--ignore-scripts', '--silent'], acme))
      .trim()
      .split('\n')
      .slice(-1)

    expect(await omni(['plugin', 'install', tarball], {home, cwd: acme})).toMatchObject({code: 0})

    await works()
  })

  it('is linked for its development, and a change counts at once', async () => {
    const dir = await makePlugin('dev', {'commands/hi.js': command(`await this.write('one\\n')`)})
    expect(await omni(['plugin', 'link', dir, '--no-install'], {home})).toMatchObject({code: 0})
    expect(await omni(['hi'], {home})).toMatchObject({code: 0, stdout: 'one\n'})

    await writeFile(join(dir, 'commands', 'ho.js'), command(`await this.write('two\\n')`))

    expect(await omni(['ho'], {home})).toMatchObject({code: 0, stdout: 'two\n'})
  })

  it('is not used while the configuration turns it off', async () => {
    await omni(['plugin', 'install', acme], {home})
    await writeFile(join(home, '.ome', 'config.yaml'), 'plugins: [{name: acme, enabled: false}]\n')

    expect(await omni(['acme', 'info'], {home})).toMatchObject({code: 2})
    expect((await omni(['plugin', 'list'], {home})).stdout).toMatch(/omni-plugin-acme .*off/)
    expect((await omni(['provider', 'list', '-o', 'json'], {home})).stdout).not.toContain('acme')
  })

  it.each([
    ['nothing-of-this-name', 4],
    ['./nothing-here', 4],
    ['Not A Name', 12],
  ])('%s is refused, and nothing is left behind', async (name, code) => {
    const refused = await withRegistry('plugin', 'install', name)

    expect(refused).toMatchObject({code, stdout: ''})
    expect(JSON.parse((await omni(['plugin', 'list', '-o', 'json'], {home})).stdout)).toHaveLength(6)
  })

  it('a package that is no plugin is refused', async () => {
    const dir = await makePlugin('plain', {}, {oclif: undefined})

    expect(await omni(['plugin', 'install', dir], {home})).toMatchObject({code: 12, stdout: ''})
  })
})

describe('a plugin that misbehaves', {timeout: TIMEOUT_MS}, () => {
  const faults: readonly (readonly [string, Record<string, string>, object, RegExp])[] = [
    ['throws when it is loaded', {'commands/bad.js': `throw new Error('out of order')`}, {}, /out of order/],
    ['asks for what is not there', {'commands/bad.js': `import 'no-such-package'`}, {}, /no-such-package/],
    [
      'prints when it is imported',
      {'commands/bad.js': `console.log('hello from a plugin');\n${command('')}`},
      {},
      /prints to stdout while it is imported/,
    ],
    ['ends the process when it is imported', {'commands/bad.js': 'process.exit(0)'}, {}, /ends the process/],
    [
      'takes the name of a command of omni',
      {'commands/version.js': command(`await this.write('mine\\n')`)},
      {},
      /omni version/,
    ],
    [
      'declares another version of the contract',
      {'commands/bad.js': command('')},
      {omni: {apiVersion: 9}},
      /apiVersion/,
    ],
    [
      'declares a provider outside of its folder',
      {'commands/bad.js': command('')},
      {omni: {apiVersion: 1, providers: [{kind: 'service', id: 'evil', module: '../../x.js'}]}},
      /inside of the plugin/,
    ],
  ]

  it.each(faults)('%s: the rest works, and the doctor names it', async (_, files, more, reason) => {
    const dir = await makePlugin('omni-plugin-bad', files, more)
    await omni(['plugin', 'install', dir], {home})

    const answer = await omni(['version', '--json'], {home})
    expect(answer).toMatchObject({code: 0, stderr: ''})
    expect(JSON.parse(answer.stdout)).toMatchObject({node: process.version})
    expect(await omni(['alias', 'list', '-o', 'json'], {home})).toMatchObject({code: 0, stderr: ''})
    const {findings} = JSON.parse((await omni(['doctor', '-o', 'json'], {home})).stdout)
    expect(findings).toContainEqual(
      expect.objectContaining({
        subject: 'plugin omni-plugin-bad',
        message: expect.stringMatching(reason),
        fix: 'omni plugin uninstall omni-plugin-bad',
      }),
    )
    expect(await omni(['plugin', 'uninstall', 'omni-plugin-bad'], {home})).toMatchObject({code: 0})
  })

  it('one whose folder is gone is named, and can be removed', async () => {
    const dir = await makePlugin('gone', {'commands/hi.js': command('')})
    await omni(['plugin', 'link', dir, '--no-install'], {home})
    await rm(dir, {recursive: true})

    expect(await omni(['version'], {home})).toMatchObject({code: 0, stderr: ''})
    expect((await omni(['plugin', 'list'], {home})).stdout).toMatch(/gone .*broken/)
    expect(await omni(['plugin', 'uninstall', 'gone'], {home})).toMatchObject({code: 0})
  })
})
