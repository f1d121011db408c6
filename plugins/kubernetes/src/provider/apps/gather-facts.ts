import {type ApiObject, type CallOptions, isOmniError, type ObjectKind, type ServiceSpec} from '@omni-cli/sdk'
import type {KubeClient} from '../../client/kube-client.ts'
import {secretKeysOf} from './environment.ts'
import type {AppFacts, Entrance} from './facts.ts'
import {hostsOf, KINDS, secretsName} from './names.ts'
import {currentRelease} from './record.ts'
import {readRecord} from './store.ts'
import type {SecretObject} from './wire.ts'

/** What a spec needs to be known of the cluster; only that is asked, side by side. */
export async function gatherFacts(client: KubeClient, spec: ServiceSpec, call: CallOptions = {}): Promise<AppFacts> {
  const {signal} = call
  const [version, kinds, node, dependencies, secretKeys] = await Promise.all([
    client.version({signal}),
    client.kinds({signal}),
    findNode(client, spec.placement?.node, {signal}),
    Promise.all(spec.depends_on.map((name) => dependencyOf(client, name, {signal}))),
    keysOfSecrets(client, spec, {signal}),
  ])
  const served = (group: string, kind: string) => kinds.filter((one) => one.group === group && one.kind === kind)
  return {
    namespace: client.namespace,
    minor: Number(/^v?\d+\.(\d+)/.exec(version)?.[1] ?? 0),
    entrance: hostsOf(spec).length === 0 ? {via: 'ingress'} : await findEntrance(client, kinds, {signal}),
    cronApi: best(served('batch', 'CronJob'), ['v1', 'v1beta1']),
    autoscaleApi: best(served('autoscaling', 'HorizontalPodAutoscaler'), ['v2', 'v2beta2', 'v1']),
    hasMetrics: kinds.some(({group}) => group === 'metrics.k8s.io'),
    node,
    dependencies,
    secretKeys,
  }
}

function best(kinds: readonly ObjectKind[], versions: readonly string[]): string | undefined {
  const version = versions.find((one) => kinds.some((kind) => kind.version === one))
  return version === undefined ? undefined : `${kinds[0]?.group}/${version}`
}

/** By name, host name or address. */
async function findNode(client: KubeClient, wanted: string | undefined, call: CallOptions): Promise<AppFacts['node']> {
  if (wanted === undefined) return undefined
  const nodes = await client.list<NodeObject>(KINDS.node, call)
  const found = nodes.find(
    ({metadata, status}) =>
      metadata.name === wanted || status?.addresses?.some(({address}) => address === wanted) === true,
  )
  return found === undefined ? null : (found.metadata.labels?.['kubernetes.io/hostname'] ?? found.metadata.name)
}

interface NodeObject extends ApiObject {
  readonly metadata: ApiObject['metadata'] & {readonly labels?: Readonly<Record<string, string>>}
  readonly status?: {readonly addresses?: readonly {readonly address: string}[]}
}

async function dependencyOf(client: KubeClient, name: string, call: CallOptions) {
  const record = await readRecord(client, name, call)
  const spec = record === undefined ? undefined : currentRelease(record).spec
  return {name, port: spec?.port, protocol: spec?.protocol ?? 'http'}
}

async function keysOfSecrets(client: KubeClient, spec: ServiceSpec, {signal}: CallOptions) {
  if (secretKeysOf(spec).length === 0) return undefined
  const place = {kind: KINDS.secret, namespace: client.namespace, name: secretsName(spec.name)}
  const secret = await client.get<SecretObject>(place, {signal})
  return secret === undefined ? undefined : Object.keys(secret.data ?? {})
}

/** The class that is the default, or the only one; without classes the only Gateway; else an Ingress that any controller may take. */
async function findEntrance(client: KubeClient, kinds: readonly ObjectKind[], call: CallOptions): Promise<Entrance> {
  const classes = await listOrNone<ClassObject>(client, KINDS.ingressClass, call)
  const isDefault = ({metadata}: ClassObject) =>
    metadata.annotations?.['ingressclass.kubernetes.io/is-default-class'] === 'true'
  const chosen = classes.length === 1 ? classes[0] : classes.find(isDefault)
  if (chosen !== undefined)
    return {via: 'ingress', className: chosen.metadata.name, controller: chosen.spec?.controller}
  if (classes.length > 1) return {via: 'unclear', candidates: classes.map(({metadata}) => `class ${metadata.name}`)}
  const inGroup = kinds.filter(({group}) => group === 'gateway.networking.k8s.io')
  const route = inGroup.find(({kind}) => kind === 'HTTPRoute')
  const gatewayKind = inGroup.find(({kind}) => kind === 'Gateway')
  if (route === undefined || gatewayKind === undefined) return {via: 'ingress'}
  const gateways = await listOrNone<ClassObject>(client, gatewayKind, {...call, allNamespaces: true})
  const [gateway, ...others] = gateways
  if (gateway === undefined) return {via: 'ingress'}
  if (others.length > 0) return {via: 'unclear', candidates: gateways.map(({metadata}) => `gateway ${metadata.name}`)}
  const {name, namespace = client.namespace} = gateway.metadata
  return {via: 'gateway', apiVersion: `${route.group}/${route.version}`, gateway: {namespace, name}}
}

interface ClassObject extends ApiObject {
  readonly metadata: ApiObject['metadata'] & {readonly annotations?: Readonly<Record<string, string>>}
  readonly spec?: {readonly controller?: string}
}

/** They belong to the whole cluster: who deploys may not be allowed to see them. */
async function listOrNone<T extends ApiObject>(
  client: KubeClient,
  kind: ObjectKind,
  options: CallOptions & {readonly allNamespaces?: boolean},
): Promise<T[]> {
  try {
    return await client.list<T>(kind, options)
  } catch (error) {
    if (isOmniError(error) && error.code === 'FORBIDDEN') return []
    throw error
  }
}
