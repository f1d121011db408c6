import {mkdtemp, readFile, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {type Contribution, loadConfig} from '@omni-cli/sdk/cli'
import {beforeEach, describe, expect, it} from 'vitest'
import {checkAnswers, type InitAnswers, readAnswers} from '../../src/init/answers.ts'
import {contextOf} from '../../src/init/context-of.ts'
import {planInit, readAnswersFile, runInit} from '../../src/init/init.ts'

let home = ''

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'omni-init-'))
})

const orca: Contribution = {kind: 'service', id: 'orca', title: '', plugin: 'p', module: '/m', priority: 0}

const init = async (answers: InitAnswers, use = true) => {
  const plan = await planInit(home, answers, {use, contributions: [orca]})
  return {plan, change: await runInit(home, plan)}
}

const file = () => readFile(join(home, 'config.yaml'), 'utf8')

describe('answers', () => {
  it.each([
    [{name: 'a'}, {}],
    [{name: 'a', services: 'orca'}, {providers: {services: 'orca'}}],
    [
      {name: 'a', url: 'http://lab', 'token-env': 'T'},
      {providers: {services: 'orca'}, orca: {url: 'http://lab', token: {env: 'T'}}},
    ],
    [
      {name: 'a', services: 'cluster', cluster: 'prod', namespace: 'ml', instances: 'auto'},
      {cluster: 'prod', namespace: 'ml', providers: {services: 'kubernetes'}},
    ],
    [{name: 'a', instances: 'incus'}, {providers: {instances: 'incus'}}],
    [
      {name: 'a', 'ssh-host': ['me@h:2222', '[::1]', 'h2'], 'ssh-key': '/k', bastion: 'b'},
      {
        hosts: [
          {address: 'h', user: 'me', port: 2222, 'identity-file': '/k', bastion: 'b'},
          {address: '::1', 'identity-file': '/k', bastion: 'b'},
          {address: 'h2', 'identity-file': '/k', bastion: 'b'},
        ],
      },
    ],
  ])('%j mean %j', (answers, settings) => {
    expect(contextOf(answers)).toEqual(settings)
  })

  it.each([
    [{name: '-rf'}, '--name'],
    [{name: 'a\nb'}, '--name'],
    [{url: 'ftp://x'}, '--url'],
    [{url: 'http://me:pw@x'}, 'holds a password'],
    [{'token-env': 'a b'}, '--token-env'],
    [{'ssh-host': ['-oProxyCommand=x']}, '--ssh-host'],
    [{bastion: 'a b'}, '--bastion'],
    [{cluster: 'a', url: 'http://x'}, '--services'],
  ])('%j are refused because of %s', (answers, reason) => {
    expect(() => checkAnswers(answers)).toThrow(reason)
  })

  it('come from a file, with every mistake told at once', async () => {
    const path = join(home, 'answers.yaml')
    await writeFile(path, 'name: lab\nssh-host: [a, b]\n')

    expect(await readAnswersFile(path)).toEqual({name: 'lab', 'ssh-host': ['a', 'b']})
    expect(() => readAnswers({nmae: 'x', url: 3, 'ssh-host': 'a'}, 'f')).toThrow(
      /'nmae' is no question; did you mean 'name'\?\n'url' must be a text\n'ssh-host' must be a list/,
    )
    expect(() => readAnswers('just a text', 'f')).toThrow('must hold the answers')
  })
})

describe('init', () => {
  it('writes a context that commands can read', async () => {
    const {change} = await init({name: 'lab', url: 'http://lab', 'token-env': 'T'})

    expect(change).toMatchObject({created: true, switched: true})
    expect((await loadConfig(home)).config).toMatchObject({
      'current-context': 'lab',
      contexts: [{name: 'lab', orca: {url: 'http://lab', token: {env: 'T'}}}],
    })
  })

  it('is safe to run again: the same answers change nothing', async () => {
    const answers = {name: 'lab', url: 'http://lab', 'ssh-host': ['me@h']}
    await init(answers)
    const before = await file()
    const {change} = await init(answers)

    expect(change).toEqual({created: false, changed: [], switched: false})
    expect(await file()).toBe(before)
  })

  it('changes only what is answered, and keeps comments and what was set by hand', async () => {
    await writeFile(
      join(home, 'config.yaml'),
      'contexts:\n  - name: lab # mine\n    namespace: x\n    orca: {url: http://a, ca-file: /ca}\n',
    )
    const {change} = await init({name: 'lab', url: 'http://b'}, false)

    expect(change.changed.map(({key}) => key)).toEqual(['providers', 'orca'])
    expect(await file()).toContain('name: lab # mine')
    expect((await loadConfig(home)).config.contexts[0]).toMatchObject({
      namespace: 'x',
      orca: {url: 'http://b', 'ca-file': '/ca'},
    })
    expect((await loadConfig(home)).config['current-context']).toBeUndefined()
  })

  it('adds a context beside the others', async () => {
    await init({name: 'one'})
    await init({name: 'two', cluster: 'c'}, false)

    expect((await loadConfig(home)).config).toMatchObject({
      'current-context': 'one',
      contexts: [{name: 'one'}, {name: 'two', cluster: 'c'}],
    })
  })

  it('says what no installed plugin reads yet', async () => {
    const {plan} = await init({name: 'a', services: 'orca', instances: 'incus', cluster: 'c', 'ssh-host': ['h']})

    expect(plan.remarks).toEqual([
      expect.stringContaining("'incus' for instances"),
      expect.stringContaining('the cluster is recorded'),
      expect.stringContaining('the hosts are recorded'),
    ])
    expect((await init({name: 'b', services: 'orca'})).plan.remarks).toEqual([])
  })
})
