import {randomBytes} from 'node:crypto'
import {mkdtemp, readFile, rm, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {createHttp, type DriverContext, type ServiceEngine, silentLogger} from '@omni-cli/sdk'
import type {KubeClient} from '../../../src/client/kube-client.ts'
import {openClient} from '../../../src/client/open-client.ts'
import {createServices} from '../../../src/provider/service-engine.ts'

export const kubeconfig = process.env.OMNI_TEST_KUBECONFIG

/** A namespace of its own on the real cluster. */
export interface Lab extends AsyncDisposable {
  readonly namespace: string
  /** A folder that goes with it. */
  readonly home: string
  readonly client: KubeClient
  readonly engine: ServiceEngine
}

export async function openLab({cluster = 'omni-test'} = {}): Promise<Lab> {
  const home = await mkdtemp(join(tmpdir(), 'omni-apps-'))
  const namespace = `apps-${randomBytes(3).toString('hex')}`
  const context = contextOf(home, namespace)
  const settings = {...(kubeconfig === undefined ? {} : {kubeconfig})}
  const admin = await openClient({...context, cluster: 'omni-test'}, settings)
  const client = await openClient({...context, cluster}, settings)
  const path = '/api/v1/namespaces'
  await admin.request({method: 'POST', path, body: {apiVersion: 'v1', kind: 'Namespace', metadata: {name: namespace}}})
  const engine = createServices(client, 'tester')
  return {
    home,
    namespace,
    client,
    engine,
    [Symbol.asyncDispose]: async () => {
      await admin.request({method: 'DELETE', path: `${path}/${namespace}`})
      await rm(home, {recursive: true, force: true})
    },
  }
}

/** The same namespace as another user, by impersonation. */
export async function openAs({namespace, home}: Lab, user: string): Promise<KubeClient> {
  const text = await readFile(kubeconfig ?? '', 'utf8')
  const file = join(home, 'kubeconfig')
  await writeFile(file, text.replaceAll('user: {', `user: {as: ${user}, `), {mode: 0o600})
  return openClient({...contextOf(home, namespace), cluster: 'omni-test'}, {kubeconfig: file})
}

const contextOf = (home: string, namespace: string): DriverContext => ({
  ...{home, env: process.env, context: 'lab', namespace, log: silentLogger},
  ...{notice: () => undefined, http: createHttp({log: silentLogger})},
  exec: () => Promise.reject(new Error('nothing is executed here')),
})
