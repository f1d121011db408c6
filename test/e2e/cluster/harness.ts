import {randomBytes} from 'node:crypto'
import {mkdir, readFile, writeFile} from 'node:fs/promises'
import {dirname, join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {poll} from '@omni-cli/sdk'
import {callKube, type KubeAccess, type KubeObject, readAccess} from '@omni-cli/testkit'
import {createHome, type OmniOptions, type OmniResult, omni, removeHome} from '../harness.ts'

/** The cluster that tests may use; undefined: those that need it are left out. */
export const kubeconfig = process.env.OMNI_TEST_KUBECONFIG

/** A home whose context is a namespace of its own on the cluster. */
export interface ClusterHome {
  readonly home: string
  readonly namespace: string
  /** Where the operator of OME is looked for: nobody else's, and not there before somebody makes it. */
  readonly omeNamespace: string
  /** Something random, for the names of what belongs to no namespace: they end in `-ID`. */
  readonly id: string
  readonly access: KubeAccess
  /** Runs the built CLI. */
  cli(...args: string[]): Promise<OmniResult>
  /** The same with options, e.g. a terminal or input. */
  run(args: readonly string[], options?: Partial<OmniOptions>): Promise<OmniResult>
  /** Runs it and gives what it prints with `-o json`; throws when it does not end with 0. */
  json(...args: string[]): Promise<ReturnType<typeof JSON.parse>>
  /** The API server itself, as an admin: what others see and do. Throws when it refuses, but for 404: undefined. */
  kube(method: string, path: string, body?: object, type?: string): Promise<KubeObject | undefined>
  /** Server-side apply by somebody else. */
  put(path: string, object: object): Promise<KubeObject | undefined>
  /** Writes a file of the home and gives its path. */
  write(path: string, content: string): Promise<string>
  /** Text of a file of `test/fixtures/kube`, with the id in its names. */
  fixture(file: string): Promise<string>
  /** Removes the namespace and what is in it, models and runtimes whose names end in the id, and the home. */
  remove(): Promise<void>
}

export interface ClusterHomeOptions {
  /** Context of the kubeconfig. Default `omni-test`, which may do everything; `omni-test-viewer` may do nothing. */
  readonly context?: string | undefined
  /** More fields of the context of omni. */
  readonly fields?: Readonly<Record<string, unknown>> | undefined
  /** First part of the name of the namespace. */
  readonly prefix?: string | undefined
}

const FIXTURES = fileURLToPath(new URL('../../fixtures/kube/', import.meta.url))
const OME = '/apis/ome.io/v1beta1'

export async function createClusterHome(options: ClusterHomeOptions = {}): Promise<ClusterHome> {
  if (kubeconfig === undefined) throw new Error('there is no cluster for tests')
  const {context = 'omni-test', prefix = 'e2e', fields} = options
  const home = await createHome()
  const id = randomBytes(3).toString('hex')
  const namespace = `${prefix}-${id}`
  const access = await readAccess(kubeconfig, 'omni-test')
  const kube: ClusterHome['kube'] = async (method, path, body, type) => {
    const reply = await callKube(access, method, path, {body, type})
    if (reply.code === 404) return undefined
    if (reply.code >= 400) throw new Error(`${method} ${path}: ${reply.code} ${reply.body.message}`)
    return reply.body
  }
  await kube('POST', '/api/v1/namespaces', {metadata: {name: namespace}})
  const omeNamespace = `${namespace}-ome`
  const kubernetes = {kubeconfig, 'ome-namespace': omeNamespace}
  const settings = {name: 'default', cluster: context, namespace, kubernetes, ...fields}
  await writeFile(join(home, '.ome/config.yaml'), JSON.stringify({'current-context': 'default', contexts: [settings]}))
  const run: ClusterHome['run'] = (args, more = {}) =>
    omni(args, {home, timeoutMs: 120_000, ...more, env: {KUBECONFIG: kubeconfig, ...more.env}})
  return {
    home,
    namespace,
    omeNamespace,
    id,
    access,
    run,
    cli: (...args) => run(args),
    async json(...args) {
      const {code, stdout, stderr} = await run([...args, '-o', 'json'])
      if (code !== 0) throw new Error(`omni ${args.join(' ')} ended with ${code}: ${stderr}`)
      return JSON.parse(stdout)
    },
    kube,
    put: (path, object) =>
      kube('PATCH', `${path}?fieldManager=somebody&force=true`, object, 'application/apply-patch+yaml'),
    async write(path, content) {
      const file = join(home, path)
      await mkdir(dirname(file), {recursive: true})
      await writeFile(file, content)
      return file
    },
    fixture: async (file) => (await readFile(join(FIXTURES, file), 'utf8')).replaceAll('ID', id),
    async remove() {
      await removeOwn(kube, {namespace, omeNamespace, id})
      await removeHome(home)
    },
  }
}

/** Services first, so that whoever keeps finalizers can let them go; then what is of the whole cluster; then the namespace. */
async function removeOwn(
  kube: ClusterHome['kube'],
  {namespace, omeNamespace, id}: Pick<ClusterHome, 'namespace' | 'omeNamespace' | 'id'>,
): Promise<void> {
  await kube('DELETE', `${OME}/namespaces/${namespace}/inferenceservices`)
  const kinds = ['clusterbasemodels', 'clusterservingruntimes', 'acceleratorclasses'].map((kind) => `${OME}/${kind}`)
  const own = await Promise.all(
    kinds.map(async (path) => {
      const items: KubeObject[] = (await kube('GET', path))?.items ?? []
      return items.flatMap(({metadata: {name}}) => (name.endsWith(`-${id}`) ? [`${path}/${name}`] : []))
    }),
  )
  const paths = own.flat()
  await Promise.all(paths.map((path) => kube('DELETE', path)))
  const services = `${OME}/namespaces/${namespace}/inferenceservices`
  await poll({everyMs: 200, timeoutMs: 30_000}, async () => {
    const left = await Promise.all(paths.map((path) => kube('GET', path)))
    const items: KubeObject[] = (await kube('GET', services))?.items ?? []
    return left.every((object) => object === undefined) && items.length === 0
  })
  for (const name of [namespace, omeNamespace]) await kube('DELETE', `/api/v1/namespaces/${name}`)
}
