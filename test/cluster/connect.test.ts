import {mkdtemp, readFile, rm, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import type {ClusterContext, ClusterProvider, Health} from '@omni-cli/sdk'
import {loadConfig, type OmniConfig} from '@omni-cli/sdk/cli'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {useCluster} from '../../src/cluster/clusters.ts'
import {type Choose, type ConnectWishes, changesValues, connect, planConnect} from '../../src/cluster/connect.ts'

let home: string
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'omni-connect-'))
})
afterEach(() => rm(home, {recursive: true}))

const context = (name: string, extra: Partial<ClusterContext> = {}): ClusterContext => ({
  ...{name, server: `https://${name}:6443`, current: false, file: '/home/anna/.kube/config'},
  ...extra,
})

const CONTEXTS = [context('lab', {namespace: 'ml'}), context('prod', {current: true})]

/** Clusters of a kubeconfig that answer, or not. */
function clusters(contexts: readonly ClusterContext[], health: Health = {ok: true, version: 'v1.33.1'}) {
  const asked: Parameters<ClusterProvider['connect']>[0][] = []
  const unused = () => Promise.reject(new Error('not used'))
  const provider: ClusterProvider = {
    ...{name: 'fake', check: unused, health: unused, capacity: unused, requests: unused},
    contexts: async () => [...contexts],
    async connect(wanted) {
      asked.push(wanted)
      return health
    },
  }
  return {provider, asked}
}

const wishes = (extra: Partial<ConnectWishes> = {}): ConnectWishes => ({
  ...{files: [], allowsProgram: false, takesCurrent: false},
  ...extra,
})

const plan = (provider: ClusterProvider, extra: Partial<ConnectWishes> = {}, choose?: Choose) =>
  planConnect(provider, wishes(extra), {home, choose})

const config = async (): Promise<OmniConfig> => (await loadConfig(home)).config

describe('to connect a cluster', () => {
  it('writes a context of the kubeconfig down, and makes the first one the current one', async () => {
    const {provider} = clusters(CONTEXTS)

    await connect(home, await plan(provider, {context: 'lab'}))
    await connect(
      home,
      await plan(provider, {context: 'prod', name: 'production', isProtected: true, namespace: 'web'}),
    )

    expect(await config()).toMatchObject({
      'current-context': 'lab',
      contexts: [
        {name: 'lab', cluster: 'lab', namespace: 'ml'},
        {name: 'production', cluster: 'prod', namespace: 'web', protected: true},
      ],
    })
  })

  it('changes nothing the second time, and leaves what stands beside it', async () => {
    const {provider} = clusters(CONTEXTS)
    await writeFile(join(home, 'config.yaml'), '# mine\ncontexts:\n  - name: lab\n    orca: {url: "http://x:1"}\n')
    await connect(home, await plan(provider, {context: 'lab', use: true}))
    const before = await readFile(join(home, 'config.yaml'), 'utf8')

    const again = await plan(provider, {context: 'lab', use: true})
    await connect(home, again)

    expect(again.change).toEqual({created: false, changed: [], switched: false})
    expect(await readFile(join(home, 'config.yaml'), 'utf8')).toBe(before)
    expect(before).toContain('# mine')
  })

  it('notices that it would change what somebody has set', async () => {
    const {provider} = clusters(CONTEXTS)
    await connect(home, await plan(provider, {context: 'lab', name: 'team'}))

    expect(changesValues(await plan(provider, {context: 'lab', name: 'team'}))).toBe(false)
    expect(changesValues(await plan(provider, {context: 'prod', name: 'team'}))).toBe(true)
  })

  it('keeps the files that were named, and hands the consent on', async () => {
    const {provider, asked} = clusters(CONTEXTS)

    const {settings} = await plan(provider, {context: 'lab', files: ['/a', '/b'], allowsProgram: true})

    expect(settings).toMatchObject({kubernetes: {kubeconfig: ['/a', '/b']}})
    expect(asked).toMatchObject([{context: {name: 'lab'}, files: ['/a', '/b'], allowsProgram: true}])
  })
})

describe('which cluster is meant', () => {
  it('reads the files of the context that it writes again, and never mixes them with others', async () => {
    const {provider, asked} = clusters(CONTEXTS)
    await connect(home, await plan(provider, {context: 'lab', files: ['/a']}))

    await plan(provider, {context: 'lab'})
    await plan(provider, {context: 'prod', name: 'lab'})
    await plan(provider, {context: 'prod'})
    expect(asked.slice(1).map(({files}) => files)).toEqual([['/a'], ['/a'], []])

    await expect(plan(provider, {}, async () => 'lab')).rejects.toMatchObject({
      code: 'CONFLICT',
      message: "the context 'lab' has a kubeconfig of its own: /a",
    })
  })

  it('is asked on a terminal', async () => {
    const {provider} = clusters(CONTEXTS)

    expect((await plan(provider, {}, async () => 'lab')).context.name).toBe('lab')
  })

  it('is the current one without questions, or the only one', async () => {
    expect((await plan(clusters(CONTEXTS).provider, {takesCurrent: true})).context.name).toBe('prod')
    expect((await plan(clusters([context('one')]).provider)).context.name).toBe('one')
  })

  it('must be said where nobody can be asked', async () => {
    await expect(plan(clusters(CONTEXTS).provider)).rejects.toMatchObject({
      code: 'USAGE',
      message: 'the kubeconfig has 2 contexts: lab, prod',
      hint: 'omni cluster connect --context prod',
    })
  })

  it('is told with the nearest name when there is none', async () => {
    const {provider, asked} = clusters(CONTEXTS)

    await expect(plan(provider, {context: 'prdo'})).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining("did you mean 'prod'?"),
    })
    await expect(plan(clusters([]).provider)).rejects.toMatchObject({code: 'NOT_FOUND'})
    expect(asked).toEqual([])
  })

  it('needs another name when its own cannot be one', async () => {
    const {provider} = clusters([context('my cluster')])

    await expect(plan(provider)).rejects.toMatchObject({code: 'USAGE', hint: expect.stringContaining('--name')})
    expect((await plan(provider, {name: 'mine'})).write.name).toBe('mine')
  })

  it('must answer before anything is written', async () => {
    const {provider} = clusters(CONTEXTS, {ok: false, message: 'nothing listens there', hint: 'omni cluster health'})

    await expect(plan(provider, {context: 'lab'})).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: "'lab' cannot be used: nothing listens there",
    })
  })
})

describe('to use a cluster', () => {
  it('makes its context the current one, and no context without a cluster', async () => {
    await writeFile(
      join(home, 'config.yaml'),
      'contexts: [{name: a, cluster: x}, {name: b}, {name: c, cluster: y}]\ncurrent-context: a\n',
    )

    await useCluster(home, await config(), 'c')

    expect((await config())['current-context']).toBe('c')
    await expect(useCluster(home, await config(), 'b')).rejects.toMatchObject({
      code: 'NOT_FOUND',
      hint: 'omni cluster list',
    })
  })
})
