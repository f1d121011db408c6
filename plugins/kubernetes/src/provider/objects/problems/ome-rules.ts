import type {ApiObject} from '@omni-cli/sdk'
import {groupOf} from '../values.ts'
import type {OmeRule, RuleProblem} from './rule.ts'
import {BENCHMARK_RULES} from './rules-benchmark.ts'
import {MODEL_RULES} from './rules-model.ts'
import {SERVICE_RULES} from './rules-service.ts'

const RULES: readonly OmeRule[] = [...MODEL_RULES, ...SERVICE_RULES, ...BENCHMARK_RULES]

export const omeProblems = (object: ApiObject): RuleProblem[] =>
  groupOf(object.apiVersion) === 'ome.io'
    ? RULES.filter(({kinds}) => kinds.includes(object.kind)).flatMap((rule) => rule.check(object))
    : []
