import {mkdtemp, rm, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {type DriverContext, silentLogger} from '@omni-cli/sdk'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {readInCluster} from '../../src/client/kubeconfig/in-cluster.ts'
import {openAccess} from '../../src/client/open-access.ts'

let home: string
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'omni-access-'))
})
afterEach(() => rm(home, {recursive: true}))

const surroundings = (extra: Partial<DriverContext> = {}): DriverContext => ({
  ...{home, env: {HOME: home}, context: 'test', namespace: undefined, log: silentLogger},
  http: {request: () => Promise.reject(new Error('not used')), stream: () => Promise.reject(new Error('not used'))},
  exec: () => Promise.reject(new Error('not used')),
  notice: () => undefined,
  ...extra,
})

const CONFIG = `current-context: a
clusters: [{name: c, cluster: {server: "https://c:6443", tls-server-name: kube}}]
contexts: [{name: a, context: {cluster: c, namespace: theirs}}, {name: b, context: {cluster: c}}]`

describe('the way to a cluster', () => {
  it('is that of the context that is named, else the current one', async () => {
    const kubeconfig = join(home, 'config')
    await writeFile(kubeconfig, CONFIG)

    expect(await openAccess(surroundings(), {kubeconfig})).toMatchObject({
      ...{context: 'a', namespace: 'theirs', access: {server: 'https://c:6443', serverName: 'kube', proxy: undefined}},
    })
    const env = {HOME: home, HTTPS_PROXY: 'http://proxy:1'}
    expect(await openAccess(surroundings({cluster: 'b', namespace: 'ours', env}), {kubeconfig})).toMatchObject({
      ...{context: 'b', namespace: 'ours', access: {proxy: 'http://proxy:1'}},
    })
    expect(await openAccess(surroundings({cluster: 'b'}), {kubeconfig})).toMatchObject({namespace: 'default'})
  })

  it.each([
    ['http://c:6443', {}],
    ['HTTP://c:6443', {}],
    ['http://127.0.0.1:8001', {authorization: 'Bearer hush'}],
    ['https://c:6443', {authorization: 'Bearer hush'}],
  ])('%s gets credentials only where nobody can read along', async (server, headers) => {
    const kubeconfig = join(home, 'config')
    await writeFile(
      kubeconfig,
      `current-context: a
clusters: [{name: c, cluster: {server: "${server}"}}]
users: [{name: u, user: {token: hush}}]
contexts: [{name: a, context: {cluster: c, user: u}}]`,
    )
    const told: string[] = []

    const {access} = await openAccess(surroundings({notice: (text) => told.push(text)}), {kubeconfig})

    expect((await access.credentials({fresh: false})).headers).toEqual(headers)
    expect(told).toHaveLength('authorization' in headers ? 0 : 1)
  })

  it('without any kubeconfig is told, with what to do', async () => {
    await expect(openAccess(surroundings({cluster: 'b'}), {})).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: `there is no kubeconfig: ${home}/.kube/config`,
      hint: 'omni cluster connect --kubeconfig FILE',
    })
  })
})

describe('a pod of a cluster', () => {
  const env = {KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443'}

  it('finds it by its service account', async () => {
    for (const name of ['token', 'ca.crt', 'namespace']) await writeFile(join(home, name), `${name}\n`)

    expect(await readInCluster(env, home)).toEqual({
      ...{server: 'https://[fd00::1]:443', ca: 'ca.crt\n', tokenFile: `${home}/token`, namespace: 'namespace'},
    })
  })

  it('is none without its files, or its variables', async () => {
    expect(await readInCluster(env, home)).toBeUndefined()
    expect(await readInCluster({}, home)).toBeUndefined()
  })
})
