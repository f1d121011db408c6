import {createHash, randomBytes} from 'node:crypto'
import {storeOf} from './kinds.ts'
import {isSame, type KubeObject, keyOf} from './objects.ts'
import type {Store} from './store.ts'
import {create, timeNow} from './writes.ts'

/** What becomes of a pod: it gets ready, or hangs with a reason. */
export interface PodFate {
  /** Default true. */
  readonly ready?: boolean | undefined
  /** Why its container waits: `ImagePullBackOff`, `CrashLoopBackOff`, `ErrImagePull`, … */
  readonly waiting?: string | undefined
  readonly message?: string | undefined
  readonly restarts?: number | undefined
  /** How its container ended before. */
  readonly exitCode?: number | undefined
  /** Not placed on a node: the scheduler's message. */
  readonly unschedulable?: string | undefined
  /** Default 0. */
  readonly afterMs?: number | undefined
}

export interface ControllerOptions {
  readonly fateOf: (pod: KubeObject) => PodFate
  readonly later: (work: () => void, ms?: number) => void
}

/** Deployments get ReplicaSets, those get pods, and those become what their fate is: as controllers and a kubelet would do. */
export function runControllers(store: Store, {fateOf, later}: ControllerOptions): void {
  store.listen(({type, store: from, object}) => {
    if (from === 'deployments.apps' && type !== 'DELETED') later(() => reconcileDeployment(store, object))
    if (from === 'replicasets.apps' && type !== 'DELETED') later(() => reconcileReplicaSet(store, object))
    if (from !== 'pods') return
    const [owner] = object.metadata.ownerReferences ?? []
    if (owner !== undefined) later(() => countPods(store, object.metadata.namespace, owner.name))
    if (type === 'ADDED' && object.status?.phase === undefined) {
      const fate = fateOf(object)
      later(() => startPod(store, object, fate), fate.afterMs)
    }
  })
}

const kindOf = (store: Store, apiVersion: string, kind: string) => {
  const found = store.kindOf({apiVersion, kind})
  if (found === undefined) throw new Error(`${kind} is not served`)
  return found
}

const isOwnedBy =
  ({metadata: {uid}}: KubeObject) =>
  (child: KubeObject) =>
    child.metadata.ownerReferences?.some((owner) => owner.uid === uid) === true

function ownerOf(object: KubeObject) {
  const {apiVersion, kind, metadata} = object
  return {apiVersion, kind, name: metadata.name, uid: metadata.uid ?? '', controller: true, blockOwnerDeletion: true}
}

function setStatus(store: Store, object: KubeObject, status: object): void {
  const found = store.get(storeOf(kindOf(store, object.apiVersion, object.kind)), keyOf(object.metadata))
  if (found === undefined || isSame(found.status, status)) return
  store.put(kindOf(store, object.apiVersion, object.kind), {...found, status})
}

function reconcileDeployment(store: Store, {metadata}: KubeObject): void {
  const deployment = store.get('deployments.apps', keyOf(metadata))
  if (deployment === undefined || deployment.metadata.deletionTimestamp !== undefined) return
  const {spec} = deployment
  const kind = kindOf(store, 'apps/v1', 'ReplicaSet')
  const sets = store.list('replicasets.apps').filter(isOwnedBy(deployment))
  const hash = createHash('sha256').update(JSON.stringify(spec.template)).digest('hex').slice(0, 10)
  const labels = {...spec.template.metadata.labels, 'pod-template-hash': hash}
  const current = sets.find((set) => set.metadata.labels?.['pod-template-hash'] === hash)
  const revisions = sets.map((set) => Number(set.metadata.annotations?.['deployment.kubernetes.io/revision'] ?? 0))
  if (current === undefined) {
    const name = `${metadata.name}-${hash}`
    const annotations = {'deployment.kubernetes.io/revision': String(Math.max(0, ...revisions) + 1)}
    const about = {name, namespace: metadata.namespace, labels, annotations, ownerReferences: [ownerOf(deployment)]}
    const template = {...spec.template, metadata: {...spec.template.metadata, labels}}
    const set = {replicas: spec.replicas, selector: {matchLabels: labels}, template}
    create(
      store,
      {apiVersion: 'apps/v1', kind: 'ReplicaSet', metadata: about, spec: set},
      {kind, manager: 'kube-controller-manager'},
    )
  } else if (current.spec.replicas !== spec.replicas) scaleSet(store, current, spec.replicas)
  // The old ones go when the new one is ready, as with maxUnavailable 0.
  const isReady = current !== undefined && (current.status?.readyReplicas ?? 0) >= spec.replicas
  if (isReady) for (const old of sets) if (old !== current && old.spec.replicas > 0) scaleSet(store, old, 0)
  setStatus(store, deployment, deploymentStatus(deployment, sets, current))
}

function scaleSet(store: Store, set: KubeObject, replicas: number): void {
  store.put(kindOf(store, 'apps/v1', 'ReplicaSet'), {...set, spec: {...set.spec, replicas}})
}

function deploymentStatus(
  {metadata, spec, status}: KubeObject,
  sets: readonly KubeObject[],
  current: KubeObject | undefined,
): object {
  const ready = sets.reduce((sum, set) => sum + (set.status?.readyReplicas ?? 0), 0)
  const replicas = sets.reduce((sum, set) => sum + (set.status?.replicas ?? 0), 0)
  const updated = current?.status?.replicas ?? 0
  const isAvailable = ready >= spec.replicas
  const has = (type: string, is: boolean, reason: string) => {
    const before = status?.conditions?.find((one: {type: string}) => one.type === type)
    const word = is ? 'True' : 'False'
    const at = before?.status === word ? before.lastTransitionTime : timeNow()
    return {type, status: word, reason, lastTransitionTime: at, lastUpdateTime: at}
  }
  const isDone = isAvailable && updated >= spec.replicas && replicas === spec.replicas
  return {
    observedGeneration: metadata.generation,
    ...(replicas > 0 ? {replicas} : {}),
    ...(updated > 0 ? {updatedReplicas: updated} : {}),
    ...(ready > 0 ? {readyReplicas: ready, availableReplicas: ready} : {}),
    ...(ready < spec.replicas ? {unavailableReplicas: spec.replicas - ready} : {}),
    conditions: [
      has('Available', isAvailable, isAvailable ? 'MinimumReplicasAvailable' : 'MinimumReplicasUnavailable'),
      has('Progressing', true, isDone ? 'NewReplicaSetAvailable' : 'ReplicaSetUpdated'),
    ],
  }
}

function reconcileReplicaSet(store: Store, {metadata}: KubeObject): void {
  const set = store.get('replicasets.apps', keyOf(metadata))
  if (set === undefined || set.metadata.deletionTimestamp !== undefined) return
  const kind = kindOf(store, 'v1', 'Pod')
  const pods = store.list('pods').filter(isOwnedBy(set))
  for (const pod of pods.slice(set.spec.replicas)) store.remove(kind, keyOf(pod.metadata))
  for (let count = pods.length; count < set.spec.replicas; count++) {
    const name = `${metadata.name}-${randomBytes(3).toString('hex').slice(0, 5)}`
    const about = {...set.spec.template.metadata, name, namespace: metadata.namespace, ownerReferences: [ownerOf(set)]}
    const pod = {apiVersion: 'v1', kind: 'Pod', metadata: about, spec: set.spec.template.spec}
    create(store, pod, {kind, manager: 'kube-controller-manager'})
  }
  countPods(store, metadata.namespace, metadata.name)
}

function countPods(store: Store, namespace: string | undefined, name: string): void {
  const set = store.get('replicasets.apps', keyOf({namespace, name}))
  if (set === undefined) return
  const pods = store.list('pods').filter(isOwnedBy(set))
  const ready = pods.filter(({status}) =>
    status?.conditions?.some(({type, status: is}: KubeObject) => type === 'Ready' && is === 'True'),
  )
  const replicas = {
    replicas: pods.length,
    fullyLabeledReplicas: pods.length,
    readyReplicas: ready.length,
    availableReplicas: ready.length,
  }
  setStatus(store, set, {...replicas, observedGeneration: set.metadata.generation})
  const owner = set.metadata.ownerReferences?.find((one) => one.kind === 'Deployment')
  if (owner === undefined) return
  const deployment = store.get('deployments.apps', keyOf({namespace, name: owner.name}))
  if (deployment !== undefined) reconcileDeployment(store, deployment)
}

let lastPod = 0

function startPod(store: Store, {metadata}: KubeObject, fate: PodFate): void {
  const pod = store.get('pods', keyOf(metadata))
  if (pod === undefined) return
  lastPod += 1
  store.put(
    kindOf(store, 'v1', 'Pod'),
    fate.unschedulable === undefined ? placedPod(pod, fate) : unplacedPod(pod, fate.unschedulable),
  )
}

function unplacedPod(pod: KubeObject, message: string): KubeObject {
  const condition = {
    type: 'PodScheduled',
    status: 'False',
    reason: 'Unschedulable',
    message,
    lastTransitionTime: timeNow(),
  }
  return {...pod, status: {phase: 'Pending', conditions: [condition]}}
}

function placedPod(pod: KubeObject, {ready = true, waiting, message, restarts = 0, exitCode}: PodFate): KubeObject {
  const at = timeNow()
  const end = {exitCode, reason: 'Error', startedAt: at, finishedAt: at}
  const isReady = ready && waiting === undefined
  const state =
    waiting === undefined
      ? {running: {startedAt: at}}
      : {waiting: {reason: waiting, ...(message === undefined ? {} : {message})}}
  const containerStatuses = pod.spec.containers.map(({name, image}: {name: string; image: string}) => ({
    name,
    image,
    imageID: '',
    ready: isReady,
    started: isReady,
    restartCount: restarts,
    state,
    ...(exitCode === undefined ? {} : {lastState: {terminated: end}}),
  }))
  const is = (type: string, yes: boolean) => ({type, status: yes ? 'True' : 'False', lastTransitionTime: at})
  const conditions = [
    is('Initialized', true),
    is('Ready', isReady),
    is('ContainersReady', isReady),
    is('PodScheduled', true),
  ]
  const phase = waiting === undefined ? 'Running' : 'Pending'
  const address = {hostIP: '10.0.0.1', podIP: `10.1.${lastPod >> 8}.${lastPod & 255}`, startTime: at}
  return {...pod, spec: {nodeName: 'node1', ...pod.spec}, status: {phase, conditions, containerStatuses, ...address}}
}
