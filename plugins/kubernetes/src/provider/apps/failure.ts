import {type CallOptions, isAbort, OmniError, type ServiceFailure} from '@omni-cli/sdk'
import type {KubeClient} from '../../client/kube-client.ts'
import {CONTAINER} from './names.ts'
import {troubleOf} from './pod-state.ts'
import type {PodObject} from './wire.ts'

const LINES = 20
const MOST_BYTES = 64 * 1024

/** The last output of a pod, of its run before when it has not begun again. Nothing when it cannot be had any more. */
export async function lastLines(client: KubeClient, pod: PodObject, {signal}: CallOptions): Promise<string[]> {
  const place = {namespace: pod.metadata.namespace ?? client.namespace, name: pod.metadata.name}
  const isPrevious = troubleOf(pod)?.isPrevious === true
  for (const previous of isPrevious ? [true, false] : [false]) {
    try {
      const stream = await client.logs(place, {container: CONTAINER, tail: LINES, previous, signal})
      const lines = (await textOf(stream)).split('\n').filter((line) => line !== '')
      if (lines.length > 0) return lines.slice(-LINES)
    } catch (error) {
      if (isAbort(error)) throw error
      // Lines that are gone take nothing from the cause.
    }
  }
  return []
}

async function textOf(stream: NodeJS.ReadableStream): Promise<string> {
  let text = ''
  for await (const chunk of stream) {
    text += chunk.toString()
    if (text.length > MOST_BYTES) break
  }
  return text
}

/** Messages of the kubelet can be pages long. */
export const failureText = (text: string): string => (text.length > 1000 ? `${text.slice(0, 1000)}…` : text)

export function deployFailed(name: string, failure: ServiceFailure): OmniError {
  return new OmniError('DEPLOY_FAILED', `'${name}' did not become ready: ${failure.reason}: ${failure.message}`, {
    hint: `omni logs ${name}`,
    details: failure,
  })
}
