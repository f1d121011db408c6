import type {CallOptions, ClusterCheck, ObjectKind} from '@omni-cli/sdk'
import type {KubeClient} from '../../client/kube-client.ts'
import {fieldsAt} from '../../fields.ts'
import {type Look, looked} from './health-look.ts'
import {webhooksCheck} from './health-webhooks.ts'
import {CONFIG_MAP, DAEMON_SET, DEPLOYMENT} from './kinds.ts'

const GROUP = 'ome.io'
const NEEDED = ['inferenceservices', 'clusterservingruntimes', 'servingruntimes', 'clusterbasemodels', 'basemodels']
const MORE = ['finetunedweights', 'benchmarkjobs', 'acceleratorclasses']

/** The custom resources of OME and what works on them. Where it is not installed, that is all there is to say. */
export const omeChecks: Look = async (client, call) => {
  const kinds = (await client.kinds(call)).filter(({group}) => group === GROUP)
  if (kinds.length === 0) {
    const message = 'OME is not installed: applications can be deployed, models cannot be served'
    return [{name: 'ome crds', status: 'warning', message}]
  }
  const looks: Readonly<Record<string, (client: KubeClient, call: CallOptions) => Promise<ClusterCheck>>> = {
    'ome controller': controllerCheck,
    'model agents': agentsCheck,
    'agent reports': reportsCheck,
    'ome configuration': configurationCheck,
    webhooks: webhooksCheck,
  }
  const found = await Promise.all(
    Object.entries(looks).map(([name, look]) => looked(name, async () => [await look(client, call)])),
  )
  return [crdsCheck(kinds), ...found.flat()]
}

function crdsCheck(kinds: readonly ObjectKind[]): ClusterCheck {
  const name = 'ome crds'
  const versions = [...new Set(kinds.map(({version}) => version))].join(', ')
  const lacks = (wanted: readonly string[]) => wanted.filter((plural) => !kinds.some((kind) => kind.plural === plural))
  const missing = lacks(NEEDED)
  const optional = lacks(MORE)
  const message = `${kinds.length} kinds of ${GROUP} ${versions}`
  if (missing.length > 0) return {name, status: 'failed', message: `${message}; missing: ${missing.join(', ')}`}
  if (optional.length > 0) return {name, status: 'warning', message: `${message}; missing: ${optional.join(', ')}`}
  return {name, status: 'ok', message}
}

const CONTROLLER = 'ome-controller-manager'
const AGENT = 'ome-model-agent-daemonset'

async function controllerCheck(client: KubeClient, call: CallOptions): Promise<ClusterCheck> {
  const name = 'ome controller'
  const namespace = client.omeNamespace
  const found = await client.get({kind: DEPLOYMENT, namespace, name: CONTROLLER}, call)
  if (found === undefined) {
    const message = `there is no Deployment '${CONTROLLER}' in namespace '${namespace}': nothing acts on models and services`
    return {name, status: 'failed', message, hint: 'omni get deployments --all-namespaces'}
  }
  const wanted = numberAt(found, 'spec', 'replicas') ?? 1
  const ready = numberAt(found, 'status', 'readyReplicas') ?? 0
  const message = `${ready} of ${wanted} replicas ready`
  if (ready > 0 && ready >= wanted) return {name, status: 'ok', message}
  const status = ready > 0 ? 'warning' : 'failed'
  return {name, status, message, hint: `omni describe deployment/${CONTROLLER} --namespace ${namespace}`}
}

async function agentsCheck(client: KubeClient, call: CallOptions): Promise<ClusterCheck> {
  const name = 'model agents'
  const namespace = client.omeNamespace
  const found = await client.get({kind: DAEMON_SET, namespace, name: AGENT}, call)
  if (found === undefined) {
    const message = `there is no DaemonSet '${AGENT}' in namespace '${namespace}': no model gets onto a node`
    return {name, status: 'failed', message, hint: 'omni get daemonsets --all-namespaces'}
  }
  const wanted = numberAt(found, 'status', 'desiredNumberScheduled') ?? 0
  const ready = numberAt(found, 'status', 'numberReady') ?? 0
  const hint = `omni describe daemonset/${AGENT} --namespace ${namespace}`
  if (wanted === 0) return {name, status: 'warning', message: 'no node is one for models', hint}
  const message = `ready on ${ready} of ${wanted} nodes`
  if (ready >= wanted) return {name, status: 'ok', message}
  return {name, status: ready > 0 ? 'warning' : 'failed', message, hint}
}

/** Each agent writes down what it has, in a ConfigMap by the name of its node. */
async function reportsCheck(client: KubeClient, call: CallOptions): Promise<ClusterCheck> {
  const name = 'agent reports'
  const labels = {'models.ome/basemodel-status': 'true'}
  const {rows} = await client.table(CONFIG_MAP, {...call, namespace: client.omeNamespace, labels})
  if (rows.length > 0) return {name, status: 'ok', message: `${rows.length} nodes tell which models they have`}
  return {name, status: 'warning', message: 'no node has told yet which models it has', hint: 'omni get models'}
}

async function configurationCheck(client: KubeClient, call: CallOptions): Promise<ClusterCheck> {
  const name = 'ome configuration'
  const wanted = 'inferenceservice-config'
  const found = await client.get({kind: CONFIG_MAP, namespace: client.omeNamespace, name: wanted}, call)
  if (found !== undefined) return {name, status: 'ok', message: wanted}
  return {name, status: 'failed', message: `there is no ConfigMap '${wanted}' in namespace '${client.omeNamespace}'`}
}

function numberAt(object: unknown, part: 'spec' | 'status', field: string): number | undefined {
  const value = fieldsAt(object, part)[field]
  return typeof value === 'number' ? value : undefined
}
