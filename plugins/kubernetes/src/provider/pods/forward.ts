import {aborted, type CallOptions, type ForwardFacet, messageOf, OmniError, poll, throwIfAborted} from '@omni-cli/sdk'
import type {KubeClient, PodName} from '../../client/kube-client.ts'
import type {PodGroup} from '../flavour.ts'
import {choosePod} from './exec.ts'
import {type NumberedPod, numberPods} from './order.ts'
import {isRunning, POD_KIND, type Pod, type PodsOf, requireGroup, selectorLabels} from './pod.ts'

/** A connection waits so long for a pod that is being exchanged. */
const PATIENCE_MS = 60_000

type ForwardClient = Pick<KubeClient, 'watch' | 'forward'>

/** Ports of pods of a service. Every connection goes to the pod of the moment. */
export function createForward(client: ForwardClient, podsOf: PodsOf): ForwardFacet {
  return {
    async open(name, {local, remote}, options = {}) {
      const {signal, host, replica, onChange} = options
      const group = await requireGroup(podsOf, name, {signal})
      throwIfAborted(signal)
      const over = new AbortController()
      const pods = watchPods(client, group, {signal: over.signal, onChange})
      try {
        await pods.synced({signal})
        const first = choosePod(pods.all(), group, replica)
        const port = remote ?? group.port ?? portOf(first.pod, group)
        const choice = followChoice(pods, {group, replica, first, onChange, signal: over.signal})
        const forward = await client.forward(choice.place, {local, remote: port, host}, {signal, onProgress: onChange})
        return {
          address: forward.address,
          replica: first.replica,
          async [Symbol.asyncDispose]() {
            over.abort()
            await forward[Symbol.asyncDispose]()
          },
        }
      } catch (error) {
        over.abort()
        throw error
      }
    },
  }
}

function portOf({spec}: Pod, {service}: PodGroup): number {
  const port = (spec?.containers ?? []).flatMap(({ports = []}) => ports)[0]?.containerPort
  if (port !== undefined) return port
  throw new OmniError('USAGE', `'${service}' names no port: say which`, {hint: `omni port-forward ${service} 8080`})
}

interface WatchedPods {
  all(): NumberedPod<Pod>[]
  synced(options: CallOptions): Promise<unknown>
  onChange(listener: () => void): void
}

function watchPods(
  client: ForwardClient,
  {namespace, selector, service}: PodGroup,
  {signal, onChange}: Pick<Choice, 'signal' | 'onChange'>,
): WatchedPods {
  const pods = new Map<string, Pod>()
  const synced = Promise.withResolvers<void>()
  let listener: (() => void) | undefined
  const watch = async () => {
    for await (const {type, object} of client.watch(POD_KIND, {namespace, labels: selectorLabels(selector), signal})) {
      if (type === 'synced') synced.resolve()
      else if (type === 'deleted') pods.delete(object.metadata.name)
      else pods.set(object.metadata.name, object)
      listener?.()
    }
  }
  synced.promise.catch(() => undefined)
  watch().catch((error: unknown) => {
    synced.reject(error)
    if (!signal.aborted) onChange?.(`the pods of '${service}' cannot be watched any more: ${messageOf(error)}`)
  })
  return {
    all: () => numberPods(service, [...pods.values()]),
    synced: ({signal: call}) => Promise.race([synced.promise, aborting(call)]),
    onChange(next) {
      listener = next
    },
  }
}

/** Rejects when the signal is aborted. */
const aborting = (signal: AbortSignal | undefined): Promise<never> =>
  new Promise((_, reject) => signal?.addEventListener('abort', () => reject(aborted(signal)), {once: true}))

interface Choice {
  readonly group: PodGroup
  readonly replica: string | undefined
  readonly first: NumberedPod<Pod>
  readonly onChange: ((note: string) => void) | undefined
  /** Of the life of the forward. */
  readonly signal: AbortSignal
}

/** Stays with a pod as long as it runs, then takes another; tells both. */
function followChoice(
  pods: WatchedPods,
  {group, replica, first, onChange, signal}: Choice,
): {place(): Promise<PodName>} {
  let current: Pod | undefined = first.pod
  const choose = (): NumberedPod<Pod> | undefined => {
    const running = pods.all().filter(({pod}) => isRunning(pod))
    const isSame = ({pod}: NumberedPod<Pod>) => pod.metadata.uid === current?.metadata.uid
    const kept = running.find(isSame)
    if (kept !== undefined) return kept
    try {
      return choosePod(pods.all(), group, replica)
    } catch {
      return undefined
    }
  }
  const look = () => {
    const next = choose()
    if (next?.pod.metadata.uid === current?.metadata.uid) return
    if (current !== undefined) onChange?.(`the pod '${current.metadata.name}' is gone`)
    if (next !== undefined) onChange?.(`forwarding to ${next.replica}, the pod '${next.pod.metadata.name}'`)
    else onChange?.(`waiting for a replica of '${group.service}'`)
    current = next?.pod
  }
  pods.onChange(look)
  return {
    async place() {
      const pod = await poll({everyMs: 100, timeoutMs: PATIENCE_MS, signal}, () => current)
      return {namespace: group.namespace, name: pod.metadata.name}
    },
  }
}
