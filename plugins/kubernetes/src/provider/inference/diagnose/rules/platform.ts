import type {ApiObject} from '@omni-cli/sdk'
import {at, numberAt, textAt} from '../../../../fields.ts'
import type {Facts} from '../facts.ts'
import {conditionOf, isTrue, some, together} from '../look.ts'
import type {Rule} from '../rule.ts'

const operatorObject = ({operator}: Facts, kind: string, word: string) =>
  operator?.find((object) => object.kind === kind && object.metadata.name.includes(word))

/** The namespace, the nodes, the operator and its agents. */
export const PLATFORM_RULES: readonly Rule[] = [
  {
    id: 'namespace-terminating',
    looksAt: 'phase of the namespace',
    severity: 'cause',
    find: ({namespaceObject, namespace}) =>
      textAt(namespaceObject, 'status', 'phase') === 'Terminating'
        ? [
            {
              message: `the namespace '${namespace}' is being deleted: nothing new can be made in it`,
              evidence: ['status.phase: Terminating'],
              fix: `omni describe namespace ${namespace}`,
            },
          ]
        : [],
  },
  {
    id: 'nodes-none',
    looksAt: 'nodes that are ready and take pods',
    severity: 'cause',
    find: ({nodes}) =>
      nodes.length > 0 && !nodes.some(isUsable)
        ? [
            {
              message: `no node of the cluster takes pods: ${nodes.length} are cordoned or not ready`,
              evidence: some(nodes.map((node) => `${node.metadata.name}: ${whyNot(node)}`)),
              fix: 'omni cluster capacity',
            },
          ]
        : [],
  },
  {
    id: 'operator-missing',
    looksAt: 'the Deployment of the OME controller',
    severity: 'cause',
    find: (facts) =>
      isServed(facts) && facts.operator !== undefined && operatorObject(facts, 'Deployment', 'controller') === undefined
        ? [
            {
              message: `the OME controller is not installed in namespace '${facts.omeNamespace}': nobody acts on inference services`,
              evidence: ['the kinds of OME are served, and there is no Deployment of its controller'],
              fix: 'omni cluster health',
            },
          ]
        : [],
  },
  {
    id: 'operator-down',
    looksAt: 'ready replicas of the OME controller',
    severity: 'cause',
    find: (facts) => {
      const controller = isServed(facts) ? operatorObject(facts, 'Deployment', 'controller') : undefined
      if (controller === undefined || (numberAt(controller, 'status', 'readyReplicas') ?? 0) > 0) return []
      const {name} = controller.metadata
      return [
        {
          message: 'the OME controller does not run: nobody acts on inference services',
          evidence: [`Deployment/${name} in '${facts.omeNamespace}' has no ready replica`],
          fix: `omni describe deployment ${name} --namespace ${facts.omeNamespace}`,
        },
      ]
    },
  },
  {
    id: 'operator-behind',
    looksAt: 'whether the operator has seen the last change',
    severity: 'warning',
    find: ({service, nowMs, name}) => {
      const wanted = numberAt(service, 'metadata', 'generation') ?? 0
      const seen = numberAt(service, 'status', 'observedGeneration')
      const ageMs = nowMs - Date.parse(textAt(service, 'metadata', 'creationTimestamp') ?? '')
      if (service === undefined || (seen ?? 0) >= wanted || (seen === undefined && !(ageMs > 60_000))) return []
      return [
        {
          message:
            seen === undefined
              ? 'the operator has not looked at this service yet'
              : 'the operator has not acted on the last change of this service yet',
          evidence: [`generation ${wanted}, seen by the operator: ${seen ?? 'none'}`],
          fix: `omni events service ${name} --follow`,
        },
      ]
    },
  },
  {
    id: 'agents-missing',
    looksAt: 'the DaemonSet of the model agents, while the model is on no node',
    severity: 'cause',
    find: (facts) =>
      isServed(facts) &&
      facts.operator !== undefined &&
      textAt(facts.model, 'status', 'state') !== 'Ready' &&
      operatorObject(facts, 'DaemonSet', 'agent') === undefined
        ? [
            {
              message: `no model agents run in namespace '${facts.omeNamespace}': models are brought to no node`,
              evidence: ['there is no DaemonSet of the model agent'],
              fix: 'omni cluster health',
            },
          ]
        : [],
  },
  {
    id: 'agents-down',
    looksAt: 'ready pods of the model agents',
    severity: 'warning',
    find: (facts) => {
      const agents = isServed(facts) ? operatorObject(facts, 'DaemonSet', 'agent') : undefined
      const wanted = numberAt(agents, 'status', 'desiredNumberScheduled') ?? 0
      const ready = numberAt(agents, 'status', 'numberReady') ?? 0
      if (agents === undefined || ready >= wanted) return []
      return [
        {
          message: `${wanted - ready} of ${wanted} model agents do not run: their nodes get no models`,
          evidence: [`DaemonSet/${agents.metadata.name}: ${ready} of ${wanted} ready`],
          fix: `omni describe daemonset ${agents.metadata.name} --namespace ${facts.omeNamespace}`,
        },
      ]
    },
  },
  {
    id: 'node-pressure',
    looksAt: 'disk, memory and process pressure on nodes of its pods',
    severity: 'warning',
    find: ({nodes, pods}) => {
      const used = new Set(pods.map(({spec}) => spec?.nodeName))
      const pressed = nodes.filter(({metadata}) => used.has(metadata.name)).flatMap(pressures)
      return together(pressed, (texts) => ({
        message: 'a node of its pods runs short: pods may be evicted',
        evidence: some(texts),
        fix: 'omni cluster capacity',
      }))
    },
  },
  {
    id: 'node-lost',
    looksAt: 'whether the nodes of its pods are ready',
    severity: 'cause',
    find: ({nodes, pods}) => {
      const used = new Set(pods.map(({spec}) => spec?.nodeName))
      const lost = nodes.filter((node) => used.has(node.metadata.name) && !isTrue(conditionOf(node, 'Ready')))
      return together(lost, (those) => ({
        message: `the node ${those.map(({metadata}) => `'${metadata.name}'`).join(', ')} of its pods is not ready`,
        evidence: those.map((node) => `${node.metadata.name}: ${whyNot(node)}`),
        fix: `omni describe node ${those[0].metadata.name}`,
      }))
    },
  },
]

const isServed = ({service}: Facts): boolean => service !== undefined

const isUsable = (node: ApiObject): boolean => isTrue(conditionOf(node, 'Ready')) && !isCordoned(node)

const isCordoned = (node: ApiObject): boolean => at(node, 'spec', 'unschedulable') === true

function whyNot(node: ApiObject): string {
  const ready = conditionOf(node, 'Ready')
  if (!isTrue(ready))
    return `not ready: ${textAt(ready, 'message') ?? textAt(ready, 'reason') ?? 'it has not reported'}`
  return isCordoned(node) ? 'cordoned' : 'ready'
}

const pressures = (node: ApiObject): string[] =>
  ['DiskPressure', 'MemoryPressure', 'PIDPressure'].flatMap((type) => {
    const condition = conditionOf(node, type)
    return isTrue(condition) ? [`${node.metadata.name}: ${type}: ${textAt(condition, 'message') ?? ''}`] : []
  })
