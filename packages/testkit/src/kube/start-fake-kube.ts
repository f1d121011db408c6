import {mkdtemp, rm, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {USERS} from './access.ts'
import {type PodFate, runControllers} from './controllers.ts'
import {serveCustomKinds} from './crds.ts'
import {collectGarbage} from './deletes.ts'
import {type KubeRequestSeen, openDoor} from './door.ts'
import {Faults, type KubeFault} from './faults.ts'
import {type ServedKind, storeOf} from './kinds.ts'
import {type KubeObject, keyOf} from './objects.ts'
import {omeCrds} from './ome/crds.ts'
import {PodLogs} from './pod-logs.ts'
import {serve} from './serve.ts'
import {Store} from './store.ts'
import {create} from './writes.ts'

export interface FakeKubeOptions {
  /** Serves the kinds of OME. Default true. */
  readonly ome?: boolean | undefined
  /** Objects that are there from the start; namespaces `default`, `kube-system` and `ome` and the node `node1` are anyway. */
  readonly objects?: readonly KubeObject[] | undefined
  /** What becomes of a pod. Default: it is ready at once. */
  readonly fateOf?: ((pod: KubeObject) => PodFate | undefined) | undefined
  /** Says warnings about what is created, or refuses it, as an admission webhook does. */
  readonly admit?:
    | ((object: KubeObject) => {readonly warnings?: readonly string[]; readonly denied?: string} | undefined)
    | undefined
}

export interface FakeKube extends AsyncDisposable {
  readonly url: string
  /** File with the contexts `fake`, `fake-reader` (may look) and `fake-viewer` (may do nothing). */
  readonly kubeconfig: string
  readonly token: string
  readonly requests: readonly KubeRequestSeen[]
  /** Requests that were being answered at the same time, at most; watches and followed logs do not count. */
  mostAtOnce(): number
  /** Puts objects, whole with their status, past all checks. */
  seed(...objects: readonly KubeObject[]): void
  /** `read('deployments.apps', 'web', 'default')` */
  read(resource: string, name: string, namespace?: string): KubeObject | undefined
  all(resource: string): KubeObject[]
  /** Changes the status, or another field, of an object behind the back of its clients. */
  change(resource: string, name: string, namespace: string | undefined, how: (object: KubeObject) => void): void
  /** A container says a line. */
  say(pod: {readonly namespace: string; readonly name: string; readonly container: string}, line: string): void
  fail(fault: KubeFault): void
  clearFaults(): void
  /** Groups that discovery names and that do not answer: `metrics.k8s.io/v1beta1`. */
  breakGroup(groupVersion: string): void
  /** Forgets old versions: watches that go on from one get 410. */
  compact(): void
  /** Breaks off every connection that is open. */
  cutAll(): void
}

/** A Kubernetes API in memory: a real HTTP server for tests of what talks to one. */
export async function startFakeKube(options: FakeKubeOptions = {}): Promise<FakeKube> {
  const store = new Store()
  const timers = new Set<NodeJS.Timeout>()
  const later = (work: () => void, ms = 0) => {
    const timer = setTimeout(() => {
      timers.delete(timer)
      work()
    }, ms)
    timers.add(timer)
  }
  serveCustomKinds(store)
  collectGarbage(store, later)
  runControllers(store, {later, fateOf: (pod) => options.fateOf?.(pod) ?? {}})
  const seed = (...objects: readonly KubeObject[]) => {
    for (const object of objects) store.put(kindOf(store, object), seeded(object))
  }
  seed(...['default', 'kube-system', 'ome'].map(namespace), NODE)
  for (const crd of options.ome === false ? [] : omeCrds()) {
    create(store, crd, {kind: kindOf(store, crd), manager: 'testkit'})
  }
  seed(...(options.objects ?? []))

  const [faults, logs, brokenGroups]: [Faults, PodLogs, string[]] = [new Faults(), new PodLogs(), []]
  const door = await openDoor((request, response) => {
    void serve(request, response, {store, faults, logs, brokenGroups, admit: options.admit})
  })
  const folder = await mkdtemp(join(tmpdir(), 'omni-fake-kube-'))
  const kubeconfig = join(folder, 'kubeconfig')
  await writeFile(kubeconfig, JSON.stringify(configOf(door.url)), {mode: 0o600})

  return {
    url: door.url,
    kubeconfig,
    token: USERS.admin,
    requests: door.requests,
    mostAtOnce: () => door.mostAtOnce(),
    seed,
    read: (resource, name, namespace) => store.get(resource, keyOf({namespace, name})),
    all: (resource) => store.list(resource),
    change(resource, name, namespace, how) {
      const object = structuredClone(store.get(resource, keyOf({namespace, name})))
      if (object === undefined) throw new Error(`there is no ${resource} ${namespace ?? ''}/${name}`)
      how(object)
      const kind = store.kinds.find((one) => storeOf(one) === resource)
      if (kind !== undefined) store.put(kind, object)
    },
    say: ({namespace, name, container}, line) => logs.say(`${namespace}/${name}/${container}`, line),
    fail: (fault) => faults.add(fault),
    clearFaults: () => faults.clear(),
    breakGroup: (groupVersion) => brokenGroups.push(groupVersion),
    compact: () => store.compact(),
    cutAll: () => door.cutAll(),
    async [Symbol.asyncDispose]() {
      for (const timer of timers) clearTimeout(timer)
      await door.close()
      await rm(folder, {recursive: true, force: true})
    },
  }
}

function kindOf(store: Store, object: KubeObject): ServedKind {
  const kind = store.kindOf(object)
  if (kind === undefined) throw new Error(`${object.apiVersion} ${object.kind} is not served`)
  return kind
}

let lastUid = 0

function seeded(object: KubeObject): KubeObject {
  lastUid += 1
  const uid = `00000000-0000-4000-8000-${String(lastUid).padStart(12, '0')}`
  const creationTimestamp = `${new Date().toISOString().slice(0, 19)}Z`
  return {
    ...structuredClone(object),
    metadata: {uid, creationTimestamp, generation: 1, ...structuredClone(object.metadata)},
  }
}

const namespace = (name: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: {name},
  spec: {finalizers: ['kubernetes']},
  status: {phase: 'Active'},
})

const AMOUNTS = {cpu: '16', memory: '64Gi', pods: '110', 'nvidia.com/gpu': '8'}
const NODE: KubeObject = {
  apiVersion: 'v1',
  kind: 'Node',
  metadata: {
    name: 'node1',
    labels: {
      'kubernetes.io/hostname': 'node1',
      'nvidia.com/gpu.product': 'Fake-80GB',
      'nvidia.com/gpu.memory': '81920',
    },
  },
  spec: {},
  status: {
    capacity: AMOUNTS,
    allocatable: AMOUNTS,
    conditions: [{type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'kubelet is posting ready status'}],
    nodeInfo: {kubeletVersion: 'v1.20.2'},
  },
}

function configOf(server: string): object {
  const contexts = [
    ['fake', 'admin'],
    ['fake-reader', 'reader'],
    ['fake-viewer', 'viewer'],
  ]
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{name: 'fake', cluster: {server}}],
    users: Object.entries(USERS).map(([name, token]) => ({name, user: {token}})),
    contexts: contexts.map(([name, user]) => ({name, context: {cluster: 'fake', user, namespace: 'default'}})),
    'current-context': 'fake',
  }
}
