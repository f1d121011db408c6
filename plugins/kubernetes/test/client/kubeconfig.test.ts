import {mkdtemp, rm, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {chooseContext} from '../../src/client/kubeconfig/choose.ts'
import {kubeconfigFiles, loadKubeconfig} from '../../src/client/kubeconfig/load.ts'
import {type KubeconfigProblem, parseKubeconfig} from '../../src/client/kubeconfig/parse.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'omni-kubeconfig-'))
})
afterAll(() => rm(folder, {recursive: true}))

const write = async (name: string, text: string): Promise<string> => {
  const file = join(folder, name)
  await writeFile(file, text)
  return file
}

const parse = (text: string) => {
  const problems: KubeconfigProblem[] = []
  return {config: parseKubeconfig(text, '/etc/kube/config', problems), problems}
}

const problemsIn = (text: string): string[] =>
  parse(text).problems.map(({line, column, message}) => `${line}:${column} ${message}`)

const PEM = Buffer.from('-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n').toString('base64')

describe('a kubeconfig', () => {
  it('is read with everything that kubectl knows of it', () => {
    const {config, problems} = parse(`
apiVersion: v1
kind: Config
current-context: prod
preferences: {}
clusters:
- name: one
  cluster:
    server: https://10.0.0.1:6443
    certificate-authority-data: ${PEM}
    tls-server-name: kube.internal
    proxy-url: http://proxy:3128
users:
- name: anna
  user:
    client-certificate: certs/anna.crt
    client-key: /keys/anna.key
    as: robot
    as-groups: [ops]
- name: vendor
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1
      command: ./get-token
      args: [--cluster, one]
      env: [{name: REGION, value: eu}]
      interactiveMode: Never
      provideClusterInfo: true
contexts:
- name: prod
  context: {cluster: one, user: anna, namespace: ml}
`)

    expect(problems).toEqual([])
    expect(config.current).toBe('prod')
    expect(chooseContext(config, undefined)).toMatchObject({
      name: 'prod',
      namespace: 'ml',
      cluster: {server: 'https://10.0.0.1:6443', serverName: 'kube.internal', proxy: 'http://proxy:3128'},
      user: {
        cert: {file: '/etc/kube/certs/anna.crt'},
        key: {file: '/keys/anna.key'},
        headers: {'Impersonate-User': 'robot', 'Impersonate-Group': 'ops'},
      },
    })
    expect(config.users.get('vendor')?.entry.exec).toMatchObject({
      argv: ['/etc/kube/get-token', '--cluster', 'one'],
      env: {REGION: 'eu'},
      interactive: 'Never',
      wantsCluster: true,
    })
  })

  it('may be JSON, as it is YAML too', () => {
    const text = JSON.stringify({
      clusters: [{name: 'a', cluster: {server: 'https://a'}}],
      contexts: [{name: 'a', context: {cluster: 'a'}}],
      'current-context': 'a',
    })

    expect(parse(text).problems).toEqual([])
    expect(chooseContext(parse(text).config, undefined).cluster.server).toBe('https://a')
  })

  it('tells all its mistakes at once, each with its place', () => {
    const found = problemsIn(`kind: Config
clusters:
- name: one
  cluster:
    server: ftp://x
    insecure-skip-tls-verify: "yes"
- cluster: {server: https://b}
users:
- name: u
  user:
    token: 12345
    client-key-data: bm90aGluZw==
    exec: {apiVersion: client.authentication.k8s.io/v1alpha1}
contexts: {}
`)

    expect(found.toSorted()).toEqual(
      [
        "5:13 'ftp://x' is no http:// or https:// address",
        '6:31 clusters[0].cluster.insecure-skip-tls-verify must be true or false',
        '7:3 an entry of clusters has no name',
        '11:12 users[0].user.token must be a text: put it in quotes',
        '12:22 client-key-data holds no PEM in Base64',
        '11:5 client-key needs the other half beside it',
        '13:11 exec names no command',
        '13:24 exec.apiVersion must be client.authentication.k8s.io/v1 or client.authentication.k8s.io/v1beta1',
        '14:11 contexts must be a list',
      ].toSorted(),
    )
  })

  it.each([
    ['a: [1', /\d+:\d+ /],
    ['- a', /1:1 a kubeconfig must be a map/],
    ['kind: Pod', /1:7 kind is 'Pod'/],
    ['a: 1\na: 2', /2:1 the key 'a' is given twice/],
    ['a: *b', /1:4 there is no anchor '&b'/],
  ])('%j is refused with its place', (text, expected) => {
    expect(problemsIn(text).join('\n')).toMatch(expected)
  })

  it('that expands to a bomb is refused', () => {
    const levels = 'bcdefghi'.split('').map((name, index) => {
      const before = 'abcdefgh'[index]
      return `${name}: &${name} [${Array.from({length: 10}, () => `*${before}`).join(',')}]`
    })

    const found = problemsIn(`a: &a [1,2,3,4,5,6,7,8,9,0]\n${levels.join('\n')}`)

    expect(found.join('\n')).toMatch(/aliases expand to more than/)
  })
})

describe('several kubeconfigs', () => {
  it('are one: the first that sets something wins, entry by entry', async () => {
    const first = await write(
      'first',
      'current-context: a\nclusters: [{name: c, cluster: {server: "https://first"}}]\ncontexts: [{name: a, context: {cluster: c}}]',
    )
    const second = await write(
      'second',
      'current-context: b\nclusters: [{name: c, cluster: {server: "https://second", tls-server-name: x}}, {name: d, cluster: {server: "https://d"}}]\ncontexts: [{name: b, context: {cluster: d}}]',
    )

    const config = await loadKubeconfig(kubeconfigFiles([], {KUBECONFIG: `${first}:/nowhere::${second}`}))

    expect(config?.current).toBe('a')
    expect(config?.clusters.get('c')?.entry).toMatchObject({server: 'https://first', serverName: undefined})
    expect([...(config?.contexts.keys() ?? [])].toSorted()).toEqual(['a', 'b'])
  })

  it('tell the mistakes of all files in one error', async () => {
    const files = [await write('bad1', 'kind: X'), await write('bad2', 'clusters: 3')]

    await expect(loadKubeconfig({files, areNamed: true})).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringMatching(/2 problems[\s\S]*bad1:1:7: [\s\S]*bad2:1:11: /),
    })
  })

  it('without an end are refused', async () => {
    await expect(loadKubeconfig({files: ['/dev/zero'], areNamed: true})).rejects.toMatchObject({
      code: 'IO',
      message: expect.stringContaining('larger than 16 MiB'),
    })
  })

  it('may be missing, but not the one that was named', async () => {
    expect(await loadKubeconfig(kubeconfigFiles([], {KUBECONFIG: join(folder, 'none')}))).toBeUndefined()
    await expect(loadKubeconfig(kubeconfigFiles([join(folder, 'none')], {}))).rejects.toMatchObject({code: 'NOT_FOUND'})
  })

  it('are those of the home folder by default', () => {
    expect(kubeconfigFiles([], {HOME: '/home/anna'})).toEqual({files: ['/home/anna/.kube/config'], areNamed: false})
    expect(kubeconfigFiles(['~/x'], {HOME: '/home/anna'})).toEqual({files: ['/home/anna/x'], areNamed: true})
  })
})

describe('a context', () => {
  const {config} = parse(`contexts:
- {name: prod, context: {cluster: gone, user: nobody}}
- {name: alone, context: {cluster: here}}
clusters: [{name: here, cluster: {server: "https://h"}}, {name: gene, cluster: {server: "https://g"}}]`)

  it('that is not there is told with the nearest name', () => {
    expect(() => chooseContext(config, 'prd')).toThrow(/there is no context 'prd'.*did you mean 'prod'/)
  })

  it('that points nowhere is told with its place, and both ends', () => {
    expect(() => chooseContext(config, 'prod')).toThrow(
      "/etc/kube/config:2:3: the context names the cluster 'gone', which is not there; did you mean 'gene'?\n/etc/kube/config:2:3: the context names the user 'nobody', which is not there",
    )
  })

  it('needs no user', () => {
    expect(chooseContext(config, 'alone')).toMatchObject({user: {headers: {}}})
  })

  it('must be chosen when none is current', () => {
    expect(() => chooseContext(config, undefined)).toThrow(/no context of .* is the current one/)
  })
})
