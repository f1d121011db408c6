import type {ApiObject, CallOptions, ClusterCheck} from '@omni-cli/sdk'
import type {KubeClient} from '../../client/kube-client.ts'
import {type Fields, fieldsAt, isFields, listAt, wordOf} from '../../fields.ts'
import {ENDPOINTS, WEBHOOKS} from './kinds.ts'

interface Target {
  readonly namespace: string
  readonly name: string
}

/** Whether somebody answers behind the admission webhooks of OME: when nobody does, nothing of it can be created. */
export async function webhooksCheck(client: KubeClient, call: CallOptions): Promise<ClusterCheck> {
  const name = 'webhooks'
  const configurations = (await Promise.all(WEBHOOKS.map((kind) => client.list(kind, call)))).flat()
  const hooks = configurations.flatMap(hooksOf).filter(isOfOme)
  if (hooks.length === 0) {
    return {name, status: 'warning', message: 'OME has no admission webhooks here: mistakes are noticed late'}
  }
  const targets = new Map(hooks.flatMap(targetOf).map((target) => [`${target.namespace}/${target.name}`, target]))
  const silent = await Promise.all(
    [...targets].map(async ([key, target]) => ((await hasEndpoint(client, target, call)) ? [] : [key])),
  )
  const bare = hooks.filter((hook) => wordOf(fieldsAt(hook, 'clientConfig').caBundle) === undefined)
  const problems = [
    ...silent.flat().map((key) => `nobody answers behind the service ${key}`),
    ...(bare.length > 0 ? [`${bare.length} have no certificate of an authority`] : []),
  ]
  if (problems.length === 0) return {name, status: 'ok', message: `${hooks.length} webhooks answer`}
  const hint = `omni get pods --namespace ${client.omeNamespace}`
  return {name, status: 'failed', message: `${problems.join('; ')}: objects of OME cannot be created`, hint}
}

const hooksOf = (configuration: ApiObject): readonly Fields[] => listAt(configuration, 'webhooks').filter(isFields)

const isOfOme = (hook: Fields): boolean => (wordOf(hook.name) ?? '').includes('ome.') || aboutGroup(hook)

const aboutGroup = (hook: Fields): boolean =>
  listAt(hook, 'rules').some((rule) => listAt(rule, 'apiGroups').includes('ome.io'))

function targetOf(hook: Fields): Target[] {
  const service = fieldsAt(hook, 'clientConfig', 'service')
  const [namespace, name] = [wordOf(service.namespace), wordOf(service.name)]
  return namespace === undefined || name === undefined ? [] : [{namespace, name}]
}

async function hasEndpoint(client: KubeClient, target: Target, call: CallOptions): Promise<boolean> {
  const found = await client.get({kind: ENDPOINTS, ...target}, call)
  return listAt(found, 'subsets').some((subset) => listAt(subset, 'addresses').length > 0)
}
