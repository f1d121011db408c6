import {at, textAt} from '../../../../fields.ts'
import type {Facts} from '../facts.ts'
import {eventTexts, failureIn, linesWith, modelNameOf, runtimeNameOf, some, together} from '../look.ts'
import type {Rule} from '../rule.ts'

/** What the operator says of the choice of a runtime, in its status and in events, which outlive what they tell of. */
function told(facts: Facts, reasons: readonly string[], event: RegExp): string[] {
  if (isReadyNow(facts)) return []
  const failure = failureIn(facts)
  const status =
    failure !== undefined && reasons.includes(failure.reason) ? [`${failure.reason}: ${failure.message}`] : []
  return [...status, ...eventTexts(facts, event)]
}

const suggest = (facts: Facts): string => `omni runtime suggest ${modelNameOf(facts) ?? 'MODEL'}`

/** The choice of a runtime, and what the operator made of the spec. */
export const RUNTIME_RULES: readonly Rule[] = [
  {
    id: 'runtime-not-found',
    looksAt: 'the runtime that the service names',
    severity: 'cause',
    find(facts) {
      const name = runtimeNameOf(facts)
      const isSeen = facts.runtime !== undefined || facts.unseen.some((what) => what.startsWith('runtime'))
      if (name === undefined || isSeen) return []
      return [
        {
          message: `the runtime '${name}' is not in this cluster`,
          evidence: [`spec.runtime.name: ${name}`, ...told(facts, ['RuntimeNotRecognized'], /^RuntimeFetchError$/)],
          fix: suggest(facts),
        },
      ]
    },
  },
  {
    id: 'runtime-disabled',
    looksAt: 'spec.disabled of the runtime',
    severity: 'cause',
    find(facts) {
      const isDisabled = at(facts.runtime, 'spec', 'disabled') === true
      const evidence = told(facts, ['RuntimeDisabled'], /^(?!)/)
      if (!isDisabled && evidence.length === 0) return []
      return [
        {
          message: `the runtime '${runtimeNameOf(facts) ?? ''}' is disabled`,
          evidence: isDisabled ? ['spec.disabled: true', ...evidence] : evidence,
          fix: suggest(facts),
        },
      ]
    },
  },
  {
    id: 'runtime-incompatible',
    looksAt: 'the operator on the runtime that is named',
    severity: 'cause',
    find: (facts) =>
      runtimeNameOf(facts) === undefined
        ? []
        : together(told(facts, [], /^RuntimeValidationError$/), (texts) => ({
            message: `the runtime '${runtimeNameOf(facts)}' cannot serve '${modelNameOf(facts) ?? '?'}': ${texts[0].replace(/^\S+: /, '')}`,
            evidence: some(texts, 3),
            fix: suggest(facts),
          })),
  },
  {
    id: 'runtime-none',
    looksAt: 'whether a runtime was found for the model',
    severity: 'cause',
    find: (facts) =>
      together(told(facts, ['NoSupportingRuntime'], /^RuntimeSelectionError$/), (texts) => ({
        message: `no runtime of this cluster can serve '${modelNameOf(facts) ?? '?'}'`,
        evidence: some(texts, 3),
        fix: suggest(facts),
      })),
  },
  {
    id: 'serverless-missing',
    looksAt: 'services without a fixed replica in a cluster without Knative',
    severity: 'cause',
    find: (facts) =>
      together(told(facts, [], /^ServerlessModeRejected$/), (texts) => ({
        message: 'no replica at least means Serverless mode, which needs Knative, and that is not installed',
        evidence: some(texts, 2),
        fix: `omni scale service ${facts.name} --min 1`,
      })),
  },
  {
    id: 'operator-error',
    looksAt: 'other failures that the operator has told',
    severity: 'cause',
    find: (facts) =>
      together(
        eventTexts(
          facts,
          /^(ModelReconcileError|MergeSpecsError|DeploymentModeError|AcceleratorClassError|PredictorMigrationError|RuntimeFetchError|InternalError)$/,
        ).filter(() => facts.service !== undefined && !isReadyNow(facts)),
        (texts) => ({
          message: `the operator cannot act on this service: ${texts[0].replace(/^\S+: /, '')}`,
          evidence: some(texts, 3),
          fix: `omni describe service ${facts.name}`,
        }),
      ),
  },
  {
    id: 'runtime-arguments',
    looksAt: 'logs: arguments that the server does not know',
    severity: 'cause',
    find: (facts) =>
      together(
        linesWith(facts, /unrecognized arguments?:|error: argument |invalid choice:|unknown (?:flag|option|argument)/i),
        (lines) => ({
          message: `the server refuses its arguments: ${lines[0].replace(/^\S+: /, '')}`,
          evidence: some(lines, 3),
          fix: `omni get service ${facts.name} -o yaml, and mend the args of the runtime or of the service`,
        }),
      ),
  },
]

const isReadyNow = ({service}: Facts): boolean => {
  const conditions = at(service, 'status', 'conditions')
  return (
    Array.isArray(conditions) &&
    conditions.some((one: unknown) => textAt(one, 'type') === 'Ready' && textAt(one, 'status') === 'True')
  )
}
