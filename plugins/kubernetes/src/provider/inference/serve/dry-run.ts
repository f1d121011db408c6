import {type ApiObject, type CallOptions, isOmniError, type ObjectKind, type OmniError} from '@omni-cli/sdk'
import type {KubeClient} from '../../../client/kube-client.ts'
import {at, isFields} from '../../../fields.ts'
import {changedFields} from './merge-patch.ts'

/** The server's answer to a change, before it is made. */
export interface Rehearsal {
  readonly object: ApiObject
  /** Fields that would change: `spec.engine.minReplicas: 1 → 3`. */
  readonly changes: readonly string[]
  /** What the server and the webhooks of the operator remark. */
  readonly warnings: readonly string[]
}

/** Applies for show: schema, webhooks and quotas give their own answer. */
export async function rehearseApply(
  client: KubeClient,
  kind: ObjectKind,
  {manifest, existing}: {readonly manifest: ApiObject; readonly existing: ApiObject | undefined},
  {signal}: CallOptions,
): Promise<Rehearsal> {
  const warnings: string[] = []
  const object = await applyOurs(client, kind, manifest, {
    dryRun: true,
    onWarning: (text) => void warnings.push(text),
    signal,
  })
  return {object, changes: existing === undefined ? [] : changesOf(existing, object), warnings}
}

export const changesOf = (before: ApiObject, after: ApiObject): string[] => [
  ...changedFields(at(before, 'spec'), at(after, 'spec'), 'spec'),
  ...changedFields(at(before, 'metadata', 'labels'), at(after, 'metadata', 'labels'), 'metadata.labels'),
  ...changedFields(at(before, 'metadata', 'annotations'), at(after, 'metadata', 'annotations'), 'metadata.annotations'),
]

type ApplyOptions = CallOptions & {
  readonly dryRun?: boolean | undefined
  readonly onWarning?: ((text: string) => void) | undefined
}

/** Server-side apply. Fields that only `omni scale` and the like have set are ours; those of others are CONFLICT. */
export async function applyOurs(
  client: KubeClient,
  kind: ObjectKind,
  manifest: ApiObject,
  options: ApplyOptions,
): Promise<ApiObject> {
  try {
    return await client.apply(kind, manifest, options)
  } catch (error) {
    if (!isOmniError(error) || error.code !== 'CONFLICT' || !isOnlyOurs(error)) throw error
    return client.apply(kind, manifest, {...options, force: true})
  }
}

function isOnlyOurs({details}: OmniError): boolean {
  const conflicts = isFields(details) ? details.conflicts : undefined
  return (
    Array.isArray(conflicts) &&
    conflicts.length > 0 &&
    conflicts.every((conflict: unknown) => at(conflict, 'manager') === 'omni')
  )
}
