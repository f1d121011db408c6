import {type CallOptions, isAbort} from '@omni-cli/sdk'
import type {KubeClient} from '../../client/kube-client.ts'
import type {Parts} from './component.ts'
import type {Trouble} from './trouble.ts'

const LINES = 20
const MOST_BYTES = 64 * 1024

/** The last lines that the container of a trouble has written, of its run before where it has been restarted. */
export async function lastLines(
  client: KubeClient,
  {service}: Parts,
  {kind, pod, container, restarts}: Trouble,
  {signal}: CallOptions = {},
): Promise<string[]> {
  if (kind !== 'crash' && kind !== 'unready') return []
  const place = {namespace: service.metadata.namespace ?? client.namespace, name: pod}
  for (const previous of restarts > 0 ? [true, false] : [false]) {
    try {
      const text = await textOf(await client.logs(place, {container, tail: LINES, previous, signal}))
      const lines = text.split('\n').filter((line) => line !== '')
      if (lines.length > 0) return lines.slice(-LINES)
    } catch (error) {
      if (isAbort(error)) throw error
      // A log that is not there any more takes nothing from the cause.
    }
  }
  return []
}

async function textOf(stream: NodeJS.ReadableStream): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of stream) {
    const bytes = Buffer.from(chunk)
    chunks.push(bytes)
    size += bytes.length
    if (size > MOST_BYTES) break
  }
  return Buffer.concat(chunks).toString('utf8')
}
