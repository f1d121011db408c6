import {at, listAt, numberAt, textAt, textMapAt} from '../../../../fields.ts'
import {isOver} from '../../../pods/order.ts'
import {hasLabels} from '../../../pods/pod.ts'
import type {Facts} from '../facts.ts'
import {conditionOf, isTrue, some, together} from '../look.ts'
import type {Rule} from '../rule.ts'

/** Ports that no container of its pods has. */
function wrongPorts({services, pods}: Facts): string[] {
  return services.flatMap((service) => {
    const selector = textMapAt(service, 'spec', 'selector')
    const chosen = pods.filter((pod) => !isOver(pod) && hasLabels(pod, selector))
    const [pod] = chosen
    const ports = (pod?.spec?.containers ?? []).flatMap((container) => container.ports ?? [])
    if (pod === undefined || ports.length === 0) return []
    return listAt(service, 'spec', 'ports').flatMap((port) => {
      const target = at(port, 'targetPort') ?? numberAt(port, 'port')
      const isThere = ports.some(({containerPort, name}) => containerPort === target || name === target)
      return isThere || target === undefined
        ? []
        : [
            `Service/${service.metadata.name}: targetPort ${String(target)}, containers have ${ports.map(({containerPort}) => containerPort).join(', ')}`,
          ]
    })
  })
}

/** The way of requests to the pods. */
export const NETWORK_RULES: readonly Rule[] = [
  {
    id: 'selects-nothing',
    looksAt: 'the selector of the Service',
    severity: 'cause',
    find: ({services, pods, name}) =>
      pods.every(isOver)
        ? []
        : together(
            services.filter((service) => {
              const selector = textMapAt(service, 'spec', 'selector')
              return Object.keys(selector).length > 0 && !pods.some((pod) => hasLabels(pod, selector))
            }),
            (those) => ({
              message: `the Service '${those[0].metadata.name}' selects none of the pods: no request reaches them`,
              evidence: those.map(
                (one) => `Service/${one.metadata.name}: ${JSON.stringify(textMapAt(one, 'spec', 'selector'))}`,
              ),
              fix: `omni get service ${name} -o yaml`,
            }),
          ),
  },
  {
    id: 'service-port',
    looksAt: 'ports of the Service and of the containers',
    severity: 'warning',
    find: (facts) =>
      together(wrongPorts(facts), (texts) => ({
        message: 'the Service sends requests to a port that its containers do not name',
        evidence: some(texts, 3),
        fix: `omni port-forward service ${facts.name}`,
      })),
  },
  {
    id: 'ingress-not-ready',
    looksAt: 'IngressReady of the service',
    severity: 'cause',
    find({service, name}) {
      const ingress = conditionOf(service, 'IngressReady')
      const isBroken = textAt(ingress, 'status') === 'False'
      // Until the pods answer, the ingress waits for them.
      const isWaiting = !isTrue(conditionOf(service, 'EngineReady'))
      if (!isBroken || isWaiting) return []
      return [
        {
          message: `the way in is not ready: ${textAt(ingress, 'message') ?? textAt(ingress, 'reason') ?? ''}`,
          evidence: [`IngressReady: False, ${textAt(ingress, 'reason') ?? ''}`],
          fix: `omni port-forward service ${name}`,
        },
      ]
    },
  },
  {
    id: 'url-without-ingress',
    looksAt: 'the URL, when ingresses are turned off',
    severity: 'info',
    find({service, name}) {
      const url = textAt(service, 'status', 'url')
      const isOff = textAt(conditionOf(service, 'IngressReady'), 'reason') === 'IngressDisabled'
      if (url === undefined || !(isOff || /\.svc\b/.test(url))) return []
      return [
        {
          message: 'its URL works only inside the cluster: the operator makes no ingress',
          evidence: [`status.url: ${url}`],
          fix: `omni port-forward service ${name}`,
        },
      ]
    },
  },
]
