import {at, listAt, numberAt, textAt, textMapAt} from '../../../../fields.ts'
import {ANNOTATION} from '../../names.ts'
import {isGpuResource} from '../../resources.ts'
import type {Facts} from '../facts.ts'
import {conditionOf, some, together} from '../look.ts'
import type {Rule} from '../rule.ts'

const hasGpus = ({pods, deployments}: Facts): boolean =>
  [...pods.map(({spec}) => spec), ...deployments.map((one) => at(one, 'spec', 'template', 'spec'))]
    .flatMap((spec) => listAt(spec, 'containers'))
    .some((container) => Object.keys(textMapAt(container, 'resources', 'limits')).some(isGpuResource))

const annotations = ({service}: Facts) => textMapAt(service, 'metadata', 'annotations')
const scales = (one: unknown): boolean =>
  (numberAt(one, 'spec', 'maxReplicas') ?? 0) > (numberAt(one, 'spec', 'minReplicas') ?? 1)

const isByCpu = (one: unknown): boolean =>
  at(one, 'spec', 'targetCPUUtilizationPercentage') !== undefined ||
  listAt(one, 'spec', 'metrics').some((metric) => textAt(metric, 'resource', 'name') === 'cpu')

const told = (facts: Facts, type: string, status: string) =>
  facts.autoscalers.flatMap((one) => {
    const condition = conditionOf(one, type) ?? annotationCondition(one, type)
    const text = `HorizontalPodAutoscaler/${one.metadata.name}: ${textAt(condition, 'reason') ?? ''}: ${textAt(condition, 'message') ?? ''}`
    return textAt(condition, 'status') === status ? [{one, text, reason: textAt(condition, 'reason') ?? ''}] : []
  })

/** `autoscaling/v1` has the conditions in an annotation. */
function annotationCondition(one: unknown, type: string): unknown {
  try {
    const all: unknown = JSON.parse(
      textMapAt(one, 'metadata', 'annotations')['autoscaling.alpha.kubernetes.io/conditions'] ?? '[]',
    )
    return Array.isArray(all) ? all.find((condition: unknown) => textAt(condition, 'type') === type) : undefined
  } catch {
    return undefined
  }
}

/** What decides about the number of replicas. */
export const SCALING_RULES: readonly Rule[] = [
  {
    id: 'keda-missing',
    looksAt: 'whether KEDA is installed for a service that it scales',
    severity: 'cause',
    find: (facts) =>
      annotations(facts)[ANNOTATION.autoscaler] === 'keda' && !facts.served.has('scaledobjects.keda.sh')
        ? [
            {
              message: 'KEDA is to scale this service, and it is not installed',
              evidence: [`${ANNOTATION.autoscaler}: keda`, 'the cluster does not serve scaledobjects.keda.sh'],
              fix: `omni scale service ${facts.name} --replicas 1`,
            },
          ]
        : [],
  },
  {
    id: 'keda-without-query',
    looksAt: 'the query that KEDA scales by',
    severity: 'warning',
    find(facts) {
      const own = annotations(facts)
      const query = own[ANNOTATION.kedaQuery] ?? textAt(facts.service, 'spec', 'kedaConfig', 'customPromQuery')
      if (own[ANNOTATION.autoscaler] !== 'keda' || query !== undefined) return []
      return [
        {
          message: "KEDA scales this service by the operator's own query, which matches nothing of current servers",
          evidence: [`neither ${ANNOTATION.kedaQuery} nor spec.kedaConfig.customPromQuery is given`],
          fix: `omni autoscale service ${facts.name} --metric queue --target 10`,
        },
      ]
    },
  },
  {
    id: 'gpus-scaled-by-cpu',
    looksAt: 'autoscalers of services with devices',
    severity: 'warning',
    find: (facts) =>
      hasGpus(facts)
        ? together(
            facts.autoscalers.filter((one) => scales(one) && isByCpu(one)),
            (those) => ({
              message: `the number of replicas, and of their GPUs, follows the load of the CPU: up to ${numberAt(those[0], 'spec', 'maxReplicas')} replicas`,
              evidence: those.map(
                (one) =>
                  `HorizontalPodAutoscaler/${one.metadata.name}: ${numberAt(one, 'spec', 'minReplicas') ?? 1} to ${numberAt(one, 'spec', 'maxReplicas')} by cpu`,
              ),
              fix: `omni scale service ${facts.name} --replicas ${numberAt(those[0], 'spec', 'minReplicas') ?? 1}`,
            }),
          )
        : [],
  },
  {
    id: 'autoscaler-blind',
    looksAt: 'figures that autoscalers cannot get',
    severity: 'warning',
    find: (facts) =>
      together(
        told(facts, 'ScalingActive', 'False').filter(({one, reason}) => reason !== 'ScalingDisabled' && scales(one)),
        (those) => ({
          message: 'the autoscaler gets no figures, so the number of replicas stays as it is',
          evidence: some(
            those.map(({text}) => text),
            3,
          ),
          fix: 'omni cluster health',
        }),
      ),
  },
  {
    id: 'autoscaler-at-most',
    looksAt: 'autoscalers that want more than they may',
    severity: 'info',
    find: (facts) =>
      together(
        told(facts, 'ScalingLimited', 'True').filter(({one, reason}) => reason === 'TooManyReplicas' && scales(one)),
        (those) => ({
          message: 'the autoscaler wants more replicas than it may have',
          evidence: some(
            those.map(({text}) => text),
            3,
          ),
          fix: `omni scale service ${facts.name} --max ${(numberAt(those[0].one, 'spec', 'maxReplicas') ?? 1) + 1}`,
        }),
      ),
  },
]
