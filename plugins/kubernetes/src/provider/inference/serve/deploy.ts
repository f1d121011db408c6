import {
  type ApiObject,
  type CallOptions,
  OmniError,
  type Service,
  type ServingOptions,
  type ServingSpec,
} from '@omni-cli/sdk'
import type {KubeClient} from '../../../client/kube-client.ts'
import {at} from '../../../fields.ts'
import {requireServed} from '../../catalog/kinds.ts'
import {getService} from '../gather.ts'
import {failureText} from '../hopeless.ts'
import {toService} from '../map.ts'
import {INFERENCE_SERVICE} from '../names.ts'
import {requireParts} from '../require.ts'
import {awaitReady} from '../wait.ts'
import {applyOurs} from './dry-run.ts'
import {changedFields} from './merge-patch.ts'
import {prepareDeploy} from './plan-deploy.ts'
import type {ServingSources} from './surroundings.ts'

/** Makes or changes the service; resolves when it was seen ready, or with `wait: false` when it was accepted. */
export async function deployService(
  client: KubeClient,
  sources: ServingSources,
  spec: ServingSpec,
  options: ServingOptions = {},
): Promise<Service> {
  const {signal, wait = true, timeoutMs, onProgress} = options
  const {manifest, existing, plan} = await prepareDeploy(client, sources, spec, {signal})
  const kind = await requireServed(client, INFERENCE_SERVICE, {signal})
  if (plan.action !== 'keep') await applyOurs(client, kind, manifest, {signal})
  onProgress?.(existing === undefined ? `created; runtime ${plan.runtime}` : `${plan.action}; runtime ${plan.runtime}`)
  if (!wait) return toService(await requireParts(client, spec.name, {signal}))
  const failureBefore = existing && failureText({service: existing})
  const ready = await awaitReady(client, spec.name, {...options, timeoutMs, failureBefore})
  await requireOurs(client, manifest, {signal})
  return ready
}

/** What decides about what is served, and how often. */
const PROMISED = [
  ['model', 'name'],
  ['runtime', 'name'],
  ['engine', 'minReplicas'],
  ['engine', 'maxReplicas'],
] as const

/** CONFLICT when somebody has changed meanwhile what was asked for: what is ready is not what was promised. */
async function requireOurs(client: KubeClient, {metadata: {name}, spec}: ApiObject, call: CallOptions): Promise<void> {
  const live = await getService(client, name, call)
  const changes = PROMISED.filter((path) => at(spec, ...path) !== undefined).flatMap((path) =>
    changedFields(at(spec, ...path), at(live, 'spec', ...path), `spec.${path.join('.')}`),
  )
  if (changes.length === 0) return
  throw new OmniError('CONFLICT', `somebody has changed '${name}' meanwhile: ${changes.join(', ')}`, {
    hint: `omni status service ${name}`,
  })
}
