import {randomBytes} from 'node:crypto'
import {poll} from '@omni-cli/sdk'
import {afterAll, beforeAll, describe} from 'vitest'
import {callKube, type KubeAccess, type KubeCallOptions, type KubeReply, readAccess} from '../../src/kube/kube-http.ts'
import {startFakeKube} from '../../src/kube/start-fake-kube.ts'

/** The real API server for tests; undefined: the checks run against the fake alone. */
export const kubeconfig = process.env.OMNI_TEST_KUBECONFIG

/** One API server, with a namespace of its own. */
export interface Server {
  readonly access: KubeAccess
  /** One that may do nothing. */
  readonly viewer: KubeAccess
  readonly namespace: string
  /** Something random, for the names of what belongs to no namespace. */
  readonly id: string
  call(method: string, path: string, options?: KubeCallOptions): Promise<KubeReply>
  /** Server-side apply. */
  apply(path: string, body: object, query?: string): Promise<KubeReply>
  close(): Promise<void>
}

async function use(access: KubeAccess, viewer: KubeAccess, end: () => Promise<unknown>): Promise<Server> {
  const id = randomBytes(3).toString('hex')
  const namespace = `testkit-${id}`
  const call: Server['call'] = (method, path, options) => callKube(access, method, path, options)
  await call('POST', '/api/v1/namespaces', {body: {metadata: {name: namespace}}})
  return {
    access,
    viewer,
    namespace,
    id,
    call,
    apply: (path, body, query = 'fieldManager=tests') =>
      call('PATCH', `${path}?${query}`, {body, type: 'application/apply-patch+yaml'}),
    async close() {
      await call('DELETE', `/api/v1/namespaces/${namespace}`)
      await end()
    },
  }
}

async function openFake(): Promise<Server> {
  const kube = await startFakeKube()
  const {url: server, token} = kube
  return use({server, token}, {server, token: 'fake-viewer'}, async () => kube[Symbol.asyncDispose]())
}

async function openReal(file: string): Promise<Server> {
  const [access, viewer] = await Promise.all([readAccess(file, 'omni-test'), readAccess(file, 'omni-test-viewer')])
  return use(access, viewer, async () => undefined)
}

/** Opens a server before the tests that use it. */
export function useServer(open: () => Promise<Server>) {
  let server: Server
  beforeAll(async () => {
    server = await open()
  })
  afterAll(() => server?.close())
  return {
    get server() {
      return server
    },
    get maps() {
      return `/api/v1/namespaces/${server.namespace}/configmaps`
    },
    get deployments() {
      return `/apis/apps/v1/namespaces/${server.namespace}/deployments`
    },
    create: (path: string, body: object, query = '') => server.call('POST', path + query, {body}),
  }
}

export type Lab = ReturnType<typeof useServer>

/** The same checks against the fake, and against a real one where there is one. */
export function onEachServer(checks: (open: () => Promise<Server>) => void): void {
  describe('the fake', () => checks(openFake))
  describe.skipIf(kubeconfig === undefined)('the real one', () => checks(() => openReal(kubeconfig ?? '')))
}

export const eventually = (what: () => Promise<boolean>): Promise<unknown> =>
  poll({everyMs: 50, timeoutMs: 20_000}, async () => ((await what()) ? true : undefined))
