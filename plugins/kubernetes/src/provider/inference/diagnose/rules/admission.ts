import {textAt} from '../../../../fields.ts'
import type {Facts} from '../facts.ts'
import {conditionOf, eventTexts, isTrue, some, together} from '../look.ts'
import type {Rule} from '../rule.ts'

/** Why pods were refused before they were: texts of events and of Deployments. */
function refusals(facts: Facts): string[] {
  const told = facts.deployments.flatMap((deployment) => {
    const failure = conditionOf(deployment, 'ReplicaFailure')
    const message = textAt(failure, 'message')
    return isTrue(failure) && message !== undefined ? [`Deployment/${deployment.metadata.name}: ${message}`] : []
  })
  // Events outlive what they tell of: as long as all pods are there, nothing is refused.
  const isShort = facts.pods.length === 0 || told.length > 0
  return [...told, ...(isShort ? eventTexts(facts, /^FailedCreate$|^InternalError$|^UpdateFailed$/) : [])]
}

interface Kind {
  readonly id: string
  readonly looksAt: string
  readonly pattern: RegExp
  readonly message: string | ((text: RegExpExecArray) => string)
  readonly fix: (facts: Facts, text: RegExpExecArray) => string
}

const KINDS: readonly Kind[] = [
  {
    id: 'webhook-unreachable',
    looksAt: 'admission webhooks that do not answer',
    pattern: /failed calling (?:admission )?webhook "([^"]*)"/,
    message: ([, name]) => `the admission webhook '${name}' does not answer, so no pod can be made`,
    fix: () => 'omni cluster health',
  },
  {
    id: 'webhook-denied',
    looksAt: 'admission webhooks that refuse',
    pattern: /admission webhook "([^"]*)" denied the request:? ?(.*)/,
    message: ([, name, why = '']) => `the admission webhook '${name}' refuses the pods${why === '' ? '' : `: ${why}`}`,
    fix: ({name}) => `omni describe service ${name}`,
  },
  {
    id: 'quota-exceeded',
    looksAt: 'quotas of the namespace',
    pattern: /exceeded quota: ([^,]+), requested: (.*?), used: (.*?), limited: (.*)/,
    message: ([, quota, requested, used, limit]) =>
      `the quota '${quota}' leaves no room: asked for ${requested}, used ${used}, limit ${limit}`,
    fix: ({namespace}) => `omni get resourcequotas --namespace ${namespace}`,
  },
  {
    id: 'quota-needs-values',
    looksAt: 'quotas that want requests or limits',
    pattern: /failed quota: ([^:]+): must specify (.*)/,
    message: ([, quota, what]) => `the quota '${quota}' takes no pod without ${what}`,
    fix: ({namespace}) => `omni get resourcequotas --namespace ${namespace}`,
  },
  {
    id: 'limit-range',
    looksAt: 'limit ranges of the namespace',
    pattern: /(?:maximum|minimum) (\S+) usage per (?:Container|Pod) is ([^,\]]+)/,
    message: ([text]) => `a limit range of the namespace refuses the pods: ${text}`,
    fix: ({namespace}) => `omni get limitranges --namespace ${namespace}`,
  },
  {
    id: 'service-account-missing',
    looksAt: 'the service account of the pods',
    pattern: /serviceaccount "([^"]+)" not found/,
    message: ([, account]) => `the pods need the service account '${account}', which is not there`,
    fix: ({namespace}) => `omni get serviceaccounts --namespace ${namespace}`,
  },
  {
    id: 'pod-security',
    looksAt: 'pod security of the namespace',
    pattern: /violates PodSecurity "([^"]+)": (.*)|PodSecurityPolicy: unable to admit pod: (.*)/,
    message: ([, level, why, policy]) =>
      level === undefined
        ? `a pod security policy refuses the pods: ${policy}`
        : `the pod security '${level}' of the namespace refuses the pods: ${why}`,
    fix: ({namespace}) => `omni describe namespace ${namespace}`,
  },
]

const ruleOf = ({id, looksAt, pattern, message, fix}: Kind): Rule => ({
  ...{id, looksAt, severity: 'cause'},
  find(facts) {
    const texts = refusals(facts).filter((text) => pattern.test(text))
    return together(texts, (those) => {
      const match = pattern.exec(those[0])
      if (match === null) throw new Error('matched before')
      return {
        message: typeof message === 'string' ? message : message(match),
        evidence: some(those, 3),
        fix: fix(facts, match),
      }
    })
  },
})

/** Pods that were refused before they were made. */
export const ADMISSION_RULES: readonly Rule[] = [
  ...KINDS.map(ruleOf),
  {
    id: 'pods-refused',
    looksAt: 'any other refusal of pods',
    severity: 'cause',
    find: (facts) =>
      together(
        refusals(facts).filter((text) => !KINDS.some(({pattern}) => pattern.test(text))),
        (those) => ({
          message: `pods cannot be made: ${those[0].replace(/^\S+: /, '')}`,
          evidence: some(those, 3),
          fix: `omni events service ${facts.name}`,
        }),
      ),
  },
]
