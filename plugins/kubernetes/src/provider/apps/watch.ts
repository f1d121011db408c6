import {sleep, throwIfAborted} from '@omni-cli/sdk'
import type {KubeClient} from '../../client/kube-client.ts'
import {KINDS, selectorOf} from './names.ts'
import type {DeploymentObject, PodObject} from './wire.ts'

/** Deployment and pods of an application as they are told. */
export interface Watched {
  readonly deployment: DeploymentObject | undefined
  readonly pods: readonly PodObject[]
}

/** `lookAgainMs`: when to judge again, if nothing changes until then. */
export type Verdict<T> = {readonly done: T} | {readonly lookAgainMs: number}

/** Judges an application at every change of it, until there is a result. Nothing is asked again and again. */
export async function watchApp<T>(
  client: KubeClient,
  place: {readonly namespace: string; readonly name: string; readonly signal: AbortSignal | undefined},
  judge: (watched: Watched) => Verdict<T>,
): Promise<T> {
  throwIfAborted(place.signal)
  const stop = new AbortController()
  const signal = place.signal === undefined ? stop.signal : AbortSignal.any([place.signal, stop.signal])
  const {namespace, name} = place
  let wake = Promise.withResolvers<void>()
  const follow = async <O extends DeploymentObject | PodObject>(
    events: ReturnType<KubeClient['watch']>,
    objects: Map<string, O>,
    onSync: () => void,
  ): Promise<void> => {
    for await (const {type, object} of events) {
      // The server has checked it against its kind.
      if (type === 'synced') onSync()
      else if (type === 'deleted') objects.delete(object.metadata.name)
      else objects.set(object.metadata.name, object as O)
      wake.resolve()
    }
  }
  const deployments = new Map<string, DeploymentObject>()
  const pods = new Map<string, PodObject>()
  let toSync = 2
  const onSync = () => void toSync--
  const work = Promise.all([
    follow(client.watch(KINDS.deployment, {namespace, fields: `metadata.name=${name}`, signal}), deployments, onSync),
    follow(client.watch(KINDS.pod, {namespace, labels: selectorOf(name), signal}), pods, onSync),
  ])
  const lost = work.then(() => {
    throwIfAborted(place.signal)
    throw new Error(`the watch of '${name}' has ended`)
  })
  lost.catch(() => undefined)
  try {
    for (;;) {
      let lookAgainMs = 60_000
      if (toSync <= 0) {
        const verdict = judge({deployment: deployments.get(name), pods: [...pods.values()]})
        if ('done' in verdict) return verdict.done
        lookAgainMs = Math.max(10, verdict.lookAgainMs)
      }
      const timer = new AbortController()
      const time = sleep(lookAgainMs, timer.signal).catch(() => undefined)
      await Promise.race([wake.promise, time, lost]).finally(() => timer.abort())
      throwIfAborted(place.signal)
      wake = Promise.withResolvers<void>()
    }
  } finally {
    stop.abort()
    await work.catch(() => undefined)
  }
}
