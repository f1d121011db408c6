import {type ApiObject, type CallOptions, type ObjectKind, poll} from '@omni-cli/sdk'
import type {KubeClient} from '../../client/kube-client.ts'
import {textsAt} from '../../fields.ts'

const EVERY_MS = 200
const PATIENCE_MS = 5_000
/** Finalizers of models may take as long as a node is away; the caller's signal ends it sooner. */
const LIMIT_MS = 24 * 3_600_000

interface Found {
  readonly kind: ObjectKind
  readonly object: ApiObject
}

/**
 * Resolves when the object is gone; another one that somebody made under its name meanwhile is not it. After a while says which
 * finalizers hold it, and what those wait for.
 */
export async function removeObject(
  client: KubeClient,
  {kind, object: {metadata}}: Found,
  {hanging, ...call}: CallOptions & {readonly hanging?: string | undefined},
): Promise<void> {
  const place = {kind, name: metadata.name, namespace: metadata.namespace}
  await client.remove(place, call)
  const startedAt = Date.now()
  let isTold = false
  await poll({everyMs: EVERY_MS, timeoutMs: LIMIT_MS, signal: call.signal}, async () => {
    const object = await client.get(place, call)
    if (object === undefined || object.metadata.uid !== metadata.uid) return true
    if (!isTold && Date.now() - startedAt > PATIENCE_MS) {
      isTold = true
      const holders = textsAt(object, 'metadata', 'finalizers').join(', ')
      call.onProgress?.(`held by the finalizer ${holders || '(none)'}${hanging === undefined ? '' : `: ${hanging}`}`)
    }
    return undefined
  })
}
