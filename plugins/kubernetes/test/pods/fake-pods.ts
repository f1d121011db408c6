import {PassThrough, Readable} from 'node:stream'
import {type CallOptions, OmniError} from '@omni-cli/sdk'
import type {KubeClient, PodLogOptions, PodName, WatchEvent} from '../../src/client/kube-client.ts'
import type {PodGroup} from '../../src/provider/flavour.ts'
import type {ContainerStatus, Pod} from '../../src/provider/pods/pod.ts'

export const group: PodGroup = {namespace: 'ml', selector: 'app=web', service: 'web', container: 'app'}
export const podsOf = (name: string) => Promise.resolve(name === 'web' ? group : undefined)

interface PodParts extends Partial<ContainerStatus> {
  readonly age?: number
  readonly phase?: string
  readonly leaving?: boolean
  readonly init?: Partial<ContainerStatus>
}

/** @param parts age in minutes; a container that runs unless another state is given */
export function pod(name: string, parts: PodParts = {}): Pod {
  const {age = 0, phase = 'Running', leaving = false, init, ...status} = parts
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      uid: `uid-${name}`,
      labels: {app: 'web'},
      creationTimestamp: new Date(Date.UTC(2026, 0, 1, 12, -age)).toISOString(),
      ...(leaving ? {deletionTimestamp: '2026-01-01T12:00:00Z'} : {}),
    },
    spec: {
      containers: [{name: 'app', ports: [{containerPort: 8080}]}],
      initContainers: init === undefined ? [] : [{name: 'prepare'}],
    },
    status: {
      phase,
      conditions: [{type: 'Ready', status: phase === 'Running' ? 'True' : 'False'}],
      containerStatuses: [{name: 'app', state: {running: {}}, ...status}],
      initContainerStatuses: init === undefined ? [] : [{name: 'prepare', ...init}],
    },
  }
}

export const at = (second: number, text: string): string =>
  `2026-01-01T12:00:${String(second).padStart(2, '0')}.000000001Z ${text}\n`

type Log = (options: PodLogOptions) => string | NodeJS.ReadableStream | OmniError

/** Pods whose logs are told by functions, and a watch that is fed. */
export function fakePods(pods: readonly Pod[], logs: Readonly<Record<string, Log>>) {
  const queue: WatchEvent[] = []
  let wake = Promise.withResolvers<void>()
  const asked: (PodLogOptions & {readonly pod: string})[] = []
  const client = {
    list: async () => [...pods],
    async logs({name}: PodName, options: PodLogOptions = {}) {
      asked.push({pod: name, ...options})
      const answer = logs[name]?.(options) ?? new OmniError('NOT_FOUND', `pods "${name}" not found`)
      if (answer instanceof OmniError) throw answer
      return typeof answer === 'string' ? Readable.from([Buffer.from(answer)]) : answer
    },
    async *watch(_: unknown, options: CallOptions = {}) {
      for (const object of pods) yield {type: 'added', object}
      yield {type: 'synced', object: pods[0] ?? pod('none')}
      options.signal?.addEventListener('abort', () => wake.resolve(), {once: true})
      while (options.signal?.aborted !== true) {
        await wake.promise
        wake = Promise.withResolvers()
        yield* queue.splice(0)
      }
    },
  } as unknown as Pick<KubeClient, 'list' | 'logs' | 'watch'>
  return {
    client,
    asked,
    tell(type: WatchEvent['type'], object: Pod) {
      queue.push({type, object})
      wake.resolve()
    },
  }
}

/** A log that goes on until it is ended. */
export function openLog(...texts: string[]): PassThrough {
  const stream = new PassThrough()
  for (const text of texts) stream.write(text)
  return stream
}
