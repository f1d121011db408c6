import type {Service, ServingOptions, ServingSpec} from '@omni-cli/sdk'
import type {KubeClient} from '../../../client/kube-client.ts'
import {requireServed} from '../../catalog/kinds.ts'
import {failureText} from '../hopeless.ts'
import {toService} from '../map.ts'
import {INFERENCE_SERVICE} from '../names.ts'
import {requireParts} from '../require.ts'
import {awaitReady} from '../wait.ts'
import {applyOurs} from './dry-run.ts'
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
  return awaitReady(client, spec.name, {...options, timeoutMs, failureBefore})
}
