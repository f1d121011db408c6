import type {ApiObject} from '@omni-cli/sdk'
import {type Json, listAt, mapAt, textAt, valueAt} from '../values.ts'
import {error, type OmeRule, type RuleProblem, warning} from './rule.ts'

const COMPONENTS = ['engine', 'decoder', 'router'] as const
const OPERATORS = ['GreaterThan', 'GreaterThanOrEqual', 'LessThan', 'LessThanOrEqual']
const AUTH_MODES = ['basic', 'tls', 'bearer', 'custom']

/** Annotations with values that the webhook checks. */
const ANNOTATIONS: Readonly<Record<string, {readonly test: RegExp; readonly says: string}>> = {
  'ome.io/autoscalerClass': {test: /^(hpa|keda|external)$/, says: 'it must be one of hpa, keda, external'},
  'ome.io/metrics': {test: /^(cpu|memory)$/, says: 'it must be cpu or memory'},
  'ome.io/targetUtilizationPercentage': {test: /^([1-9]\d?|100)$/, says: 'it must be a number from 1 to 100'},
  'ome.io/service-type': {
    test: /^(LoadBalancer|NodePort|ClusterIP)$/,
    says: 'it must be one of LoadBalancer, NodePort, ClusterIP',
  },
}

const rule = (check: (object: ApiObject) => readonly RuleProblem[]): OmeRule => ({kinds: ['InferenceService'], check})

/** Rules about served models: those of the operator's webhook, and what it does otherwise than one would think. */
export const SERVICE_RULES: readonly OmeRule[] = [
  rule(({metadata: {name}}) =>
    /^[a-z]([-a-z0-9]*[a-z0-9])?$/.test(name)
      ? []
      : [error(['metadata', 'name'], `'${name}' must begin with a letter and have lower-case letters, digits and '-'`)],
  ),
  rule((object) => {
    const annotations = mapAt(object.metadata, 'annotations')
    return Object.entries(ANNOTATIONS).flatMap(([key, {test, says}]) => {
      const value = annotations[key]
      if (value === undefined || test.test(String(value))) return []
      return [error(['metadata', 'annotations', key], `'${String(value)}': ${says}`)]
    })
  }),
  rule((object) => {
    const {engine, decoder, predictor} = mapAt(object, 'spec')
    if (predictor !== undefined)
      return [warning(['spec', 'predictor'], "'predictor' is out of date", 'use engine, model')]
    if (engine !== undefined) return []
    return [
      error(['spec'], decoder === undefined ? "'engine' is missing" : "a 'decoder' needs an 'engine'", 'engine: {}'),
    ]
  }),
  rule((object) =>
    listAt(object, 'spec', 'model', 'fineTunedWeights').length > 1
      ? [error(['spec', 'model', 'fineTunedWeights'], 'OME serves one fine-tuned weight at a time')]
      : [],
  ),
  rule((object) => COMPONENTS.flatMap((name) => componentProblems(name, mapAt(object, 'spec', name)))),
  rule((object) => {
    const engine = mapAt(object, 'spec', 'engine')
    const isOurs =
      object.metadata.annotations === undefined ||
      textAt(object.metadata, 'annotations', 'ome.io/autoscalerClass') === undefined
    if (valueAt(object, 'spec', 'engine') === undefined || engine.maxReplicas !== undefined || !isOurs) return []
    const message = 'without maxReplicas it is scaled by CPU up to 3 replicas, each with its devices'
    return [warning(['spec', 'engine'], message, 'set minReplicas and maxReplicas')]
  }),
  rule((object) => {
    const spec = mapAt(object, 'spec')
    return ['kedaConfig'].flatMap((key) => kedaProblems(mapAt(spec, key), ['spec', key]))
  }),
  rule((object) =>
    COMPONENTS.flatMap((name) =>
      valueAt(object, 'spec', name, 'kedaConfig') === undefined
        ? []
        : [warning(['spec', name, 'kedaConfig'], 'OME looks at spec.kedaConfig only', 'move it up')],
    ),
  ),
]

function componentProblems(name: string, component: Json): RuleProblem[] {
  const {minReplicas: min, maxReplicas: max, scaleMetric, canaryTrafficPercent} = component
  const path = ['spec', name]
  const found: RuleProblem[] = []
  if (typeof min === 'number' && typeof max === 'number' && max !== 0 && min > max) {
    found.push(error([...path, 'minReplicas'], `${min} is more than maxReplicas ${max}`))
  }
  if (min === 0) {
    const message = '0 asks for the serverless mode, which needs Knative'
    found.push(warning([...path, 'minReplicas'], message, 'omni stop service NAME'))
  }
  if (scaleMetric === 'concurrency' || scaleMetric === 'rps') {
    found.push(
      warning([...path, 'scaleMetric'], `only the serverless mode scales by ${scaleMetric}; else cpu or memory`),
    )
  }
  if (canaryTrafficPercent !== undefined) {
    const message = 'traffic is only split in the serverless mode; else this is passed over'
    found.push(warning([...path, 'canaryTrafficPercent'], message))
  }
  return found
}

function kedaProblems(keda: Json, path: readonly string[]): RuleProblem[] {
  const {scalingOperator, scalingThreshold, promServerAddress, authModes, customPromQuery} = keda
  const found: RuleProblem[] = []
  const fail = (key: string, message: string) => found.push(error([...path, key], message))
  if (scalingOperator !== undefined && !OPERATORS.includes(String(scalingOperator)))
    fail('scalingOperator', `it must be one of ${OPERATORS.join(', ')}`)
  if (scalingThreshold !== undefined && !Number.isFinite(Number(scalingThreshold)))
    fail('scalingThreshold', 'it must be a number in quotes')
  if (promServerAddress !== undefined && !/^https?:\/\/[^/]+/.test(String(promServerAddress)))
    fail('promServerAddress', 'it must be http://HOST or https://HOST')
  if (
    authModes !== undefined &&
    !String(authModes)
      .split(',')
      .every((mode) => AUTH_MODES.includes(mode.trim()))
  )
    fail('authModes', `it must be of ${AUTH_MODES.join(', ')}`)
  if (
    typeof customPromQuery === 'string' &&
    (customPromQuery.replaceAll('%%', '').match(/%/g)?.length !== 1 || !customPromQuery.includes('%s'))
  )
    fail('customPromQuery', "it must hold exactly one '%s', which becomes the component's name; write other '%' twice")
  return found
}
