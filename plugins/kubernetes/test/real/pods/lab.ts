import {randomBytes} from 'node:crypto'
import {mkdtemp, readFile, rm, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {type ApiObject, type DriverContext, poll, silentLogger} from '@omni-cli/sdk'
import type {KubeClient} from '../../../src/client/kube-client.ts'
import {openClient} from '../../../src/client/open-client.ts'
import type {PodGroup} from '../../../src/provider/flavour.ts'
import {isReady, listReplicas} from '../../../src/provider/pods/pod.ts'
import {type Relay, startRelay} from '../client/relay.ts'

export const kubeconfig = process.env.OMNI_TEST_KUBECONFIG

const SERVER = /https:\/\/127\.0\.0\.1:(\d+)/
const DEPLOYMENTS = '/apis/apps/v1/namespaces'

/** A namespace of its own on the real cluster. */
export interface Lab extends AsyncDisposable {
  readonly namespace: string
  readonly client: KubeClient
  /** The same through a relay that can be cut. */
  readonly relay: Relay
  readonly relayed: KubeClient
  /** Makes a Deployment of this script in busybox, and waits until its pods are ready. */
  deploy(name: string, script: string, replicas: number): Promise<PodGroup>
  create(name: string, container: object): Promise<void>
  removePod(name: string): Promise<void>
}

export async function openLab(): Promise<Lab> {
  const home = await mkdtemp(join(tmpdir(), 'omni-pods-'))
  const namespace = `pods-${randomBytes(4).toString('hex')}`
  const text = await readFile(kubeconfig ?? '', 'utf8')
  const relay = await startRelay(Number(SERVER.exec(text)?.[1]))
  const other = join(home, 'relayed')
  await writeFile(other, text.replace(SERVER, `https://127.0.0.1:${relay.port}`), {mode: 0o600})
  const context: DriverContext = {
    ...{home, env: process.env, context: 'lab', namespace, cluster: 'omni-test', log: silentLogger},
    http: {request: () => Promise.reject(new Error('not used')), stream: () => Promise.reject(new Error('not used'))},
    exec: () => Promise.reject(new Error('not used')),
    notice: () => undefined,
  }
  const client = await openClient(context, {kubeconfig})
  const relayed = await openClient({...context}, {kubeconfig: other})
  const path = '/api/v1/namespaces'
  await client.request({method: 'POST', path, body: {apiVersion: 'v1', kind: 'Namespace', metadata: {name: namespace}}})
  const create = async (name: string, container: object, replicas = 1) => {
    await client.request({
      method: 'POST',
      path: `${DEPLOYMENTS}/${namespace}/deployments`,
      body: deployment(name, container, replicas),
    })
  }
  return {
    ...{namespace, client, relay, relayed},
    create: (name, container) => create(name, container),
    async deploy(name, script, replicas) {
      await create(name, {command: ['sh', '-c', script], ports: [{containerPort: 8080}]}, replicas)
      const group: PodGroup = {namespace, selector: `app=${name}`, service: name, container: 'main'}
      await poll({everyMs: 200, timeoutMs: 30_000}, async () => {
        const pods = await listReplicas(client, group, {})
        return pods.filter(({pod}) => isReady(pod)).length === replicas
      })
      return group
    },
    async removePod(name) {
      await client.request({method: 'DELETE', path: `${path}/${namespace}/pods/${name}`, body: {gracePeriodSeconds: 1}})
    },
    async [Symbol.asyncDispose]() {
      await relay[Symbol.asyncDispose]()
      await client.request({method: 'DELETE', path: `${path}/${namespace}`})
      await rm(home, {recursive: true, force: true})
    },
  }
}

const deployment = (name: string, container: object, replicas: number): ApiObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: {name},
  spec: {
    replicas,
    selector: {matchLabels: {app: name}},
    template: {
      metadata: {labels: {app: name}},
      spec: {
        terminationGracePeriodSeconds: 1,
        containers: [{name: 'main', image: 'omni-test/busybox:1', imagePullPolicy: 'IfNotPresent', ...container}],
      },
    },
  },
})
