import {formatDuration} from '@omni-cli/sdk'
import {at, textAt} from '../../../../fields.ts'
import {isOver} from '../../../pods/order.ts'
import {isReady} from '../../../pods/pod.ts'
import {COMPONENTS, componentObject} from '../../names.ts'
import type {Facts} from '../facts.ts'
import {conditionOf, containersIn, eventTexts, isTrue, linesWith, placeOf, some, together, wantedOf} from '../look.ts'
import type {Rule} from '../rule.ts'

/** Containers that run and are not ready. */
const unready = (facts: Facts) =>
  containersIn(facts).filter(
    ({status, isInit}) => !isInit && status.state?.running !== undefined && status.ready !== true,
  )

const LISTENING =
  /(?:running on|listening (?:on|at)|Started server .* on|Serving .*) ?(?:https?:\/\/)?(?:\[?[\w.:]*\]?):(\d{2,5})\b|(?:listening on|on) port:? ?(\d{2,5})\b/i

const portsTold = (facts: Facts): number[] =>
  linesWith(facts, LISTENING).flatMap((line) => {
    const [, url, plain] = LISTENING.exec(line) ?? []
    const port = Number(url ?? plain)
    return port > 0 ? [port] : []
  })

/** `Get "http://10.0.0.7:8080/health": dial tcp …: connection refused` */
const probedPorts = (texts: readonly string[]): number[] =>
  texts.flatMap((text) => {
    const port = /https?:\/\/[^/\s"]*:(\d+)|dial tcp [^\s]*:(\d+)/.exec(text)
    return port === null ? [] : [Number(port[1] ?? port[2])]
  })

const probeTexts = (facts: Facts): string[] =>
  unready(facts).length === 0 ? [] : eventTexts(facts, /^Unhealthy$/, /readiness|startup/i)

const mismatch = (facts: Facts): {readonly probed: number; readonly told: number} | undefined => {
  const refused = probeTexts(facts).filter((text) => /connection refused/.test(text))
  const [probed] = probedPorts(refused)
  const told = portsTold(facts)
  const [other] = told
  return probed === undefined || other === undefined || told.includes(probed) ? undefined : {probed, told: other}
}

/** Pods that run and do not answer, and what says that all is well while it is not. */
export const READINESS_RULES: readonly Rule[] = [
  {
    id: 'port-mismatch',
    looksAt: 'the port of the probe and that which the program names',
    severity: 'cause',
    find(facts) {
      const found = mismatch(facts)
      if (found === undefined) return []
      return [
        {
          message: `the program listens on port ${found.told}, and is asked on port ${found.probed}`,
          evidence: [...some(linesWith(facts, LISTENING), 2), ...some(probeTexts(facts), 2)],
          fix: `omni get service ${facts.name} -o yaml, and make --port and the ports of the container the same`,
        },
      ]
    },
  },
  {
    id: 'probe-failing',
    looksAt: 'readiness probes',
    severity: 'cause',
    find: (facts) =>
      mismatch(facts) !== undefined
        ? []
        : together(
            probeTexts(facts).filter((text) => !/connection refused/.test(text)),
            (texts) => ({
              message: `the program runs, and its probe fails: ${texts[0].replace(/^\S+: /, '')}`,
              evidence: some([...unready(facts).map((one) => `${placeOf(one)}: not ready`), ...texts], 4),
              fix: `omni logs service ${facts.name} --tail 100`,
            }),
          ),
  },
  {
    id: 'not-listening',
    looksAt: 'programs that do not listen yet',
    severity: 'warning',
    find(facts) {
      const refused = probeTexts(facts).filter((text) => /connection refused/.test(text))
      if (mismatch(facts) !== undefined) return []
      return together(refused, (texts) => {
        const since = unready(facts)
          .map(({status}) => facts.nowMs - Date.parse(status.state?.running?.startedAt ?? ''))
          .filter((ms) => ms > 0)
        const age = since.length === 0 ? '' : ` for ${formatDuration(Math.max(...since))}`
        return {
          message: `the program runs${age} and does not listen yet: large models take minutes to load`,
          evidence: [
            texts[0],
            ...facts.logs.flatMap(({pod, lines}) => lines.slice(-3).map((line) => `${pod}: ${line.trim()}`)),
          ],
          fix: `omni logs service ${facts.name} --follow`,
        }
      })
    },
  },
  {
    id: 'ready-is-not-true',
    looksAt: 'Ready=True while a component or a pod is not',
    severity: 'cause',
    find(facts) {
      const {service, pods} = facts
      if (!isTrue(conditionOf(service, 'Ready'))) return []
      const components = ['DecoderReady', 'RouterReady', 'EngineReady'].flatMap((type) => {
        const condition = conditionOf(service, type)
        return condition === undefined || isTrue(condition)
          ? []
          : [
              `${type}: ${textAt(condition, 'status')} ${textAt(condition, 'message') ?? textAt(condition, 'reason') ?? ''}`,
            ]
      })
      const living = pods.filter((pod) => !isOver(pod))
      const none = living.length > 0 && !living.some(isReady) ? [`none of ${living.length} pods is ready`] : []
      return together([...components, ...none], (texts) => ({
        message: 'the service says Ready=True, and is not: the operator looks at the engine and the ingress alone',
        evidence: [...texts],
        fix: `omni status service ${facts.name}`,
      }))
    },
  },
  {
    id: 'no-pods',
    looksAt: 'Deployments without any pod',
    severity: 'cause',
    find(facts) {
      if (facts.pods.length > 0) return []
      const wanting = facts.deployments.filter((deployment) => wantedOf(deployment) > 0)
      const isRefused = eventTexts(facts, /^FailedCreate$/).length > 0
      const isPaused = (deployment: unknown) => at(deployment, 'spec', 'paused') === true
      if (isRefused) return []
      return together(wanting, (those) => ({
        message: those.some(isPaused)
          ? 'the rollout is paused, so no pods are made'
          : 'there are no pods, and nothing says why: the controller manager may not run',
        evidence: those.map((one) => `Deployment/${one.metadata.name} wants ${wantedOf(one)} pods`),
        fix: 'omni cluster health',
      }))
    },
  },
  {
    id: 'no-deployment',
    looksAt: 'whether the operator has made anything',
    severity: 'warning',
    find: ({service, deployments, pods, name}) =>
      service !== undefined && deployments.length === 0 && pods.length === 0
        ? [
            {
              message: 'the operator has made nothing for this service yet',
              evidence: [`no Deployment ${COMPONENTS.map((one) => componentObject(name, one)).join(', ')}`],
              fix: `omni events service ${name} --follow`,
            },
          ]
        : [],
  },
  {
    id: 'rollout-stuck',
    looksAt: 'rollouts that have not gone on in time',
    severity: 'warning',
    find: ({deployments, name}) =>
      together(
        deployments.filter((one) => textAt(conditionOf(one, 'Progressing'), 'reason') === 'ProgressDeadlineExceeded'),
        (those) => ({
          message: 'the rollout has not gone on within its deadline',
          evidence: those.map(
            (one) => `Deployment/${one.metadata.name}: ${textAt(conditionOf(one, 'Progressing'), 'message') ?? ''}`,
          ),
          fix: `omni rollback ${name}`,
        }),
      ),
  },
  {
    id: 'stopped',
    looksAt: 'services that should not run',
    severity: 'info',
    find: ({deployments, name}) =>
      deployments.length > 0 && deployments.every((one) => wantedOf(one) === 0)
        ? [
            {
              message: 'the service is stopped: it wants no replicas',
              evidence: deployments.map((one) => `Deployment/${one.metadata.name}: replicas 0`),
              fix: `omni start service ${name}`,
            },
          ]
        : [],
  },
  {
    id: 'pods-ready',
    looksAt: 'pods that are ready',
    severity: 'ok',
    find({pods}) {
      const living = pods.filter((pod) => !isOver(pod))
      const ready = living.filter(isReady)
      return living.length > 0 && ready.length === living.length
        ? [{message: `all ${living.length} pods are ready`, evidence: some(ready.map(({metadata}) => metadata.name))}]
        : []
    },
  },
]
