import {isMap, listAt, mapAt, textAt} from '../values.ts'
import {error, type OmeRule, type RuleProblem, warning} from './rule.ts'
import {uriProblem} from './storage-uri.ts'

const NUMBER = String.raw`\d+(?:\.\d+)?`
const PAIR = String.raw`\(${NUMBER},${NUMBER}\)`

/** Traffic that a benchmark may be made of, by task. */
const SCENARIOS: Readonly<Record<string, {readonly test: RegExp; readonly shown: string}>> = {
  'text-to-text': {
    test: new RegExp(`^(N${PAIR}/${PAIR}|U${PAIR}(/${PAIR})?|D${PAIR})$`),
    shown: 'N(mean,sd)/(mean,sd), U(min,max)/(min,max) or D(in,out)',
  },
  'text-to-embeddings': {test: new RegExp(`^E${PAIR}$`), shown: 'E(n,n)'},
  'image-to-text': {test: /^I\(\d+,\d+(,\d+)?\)$/, shown: 'I(width,height[,n])'},
  'image-to-embeddings': {test: /^I\(\d+,\d+(,\d+)?\)$/, shown: 'I(width,height[,n])'},
}

/** Rules about benchmarks: those of the operator's webhook. */
export const BENCHMARK_RULES: readonly OmeRule[] = [
  {
    kinds: ['BenchmarkJob'],
    check(object) {
      const endpoint = mapAt(object, 'spec', 'endpoint')
      const given = ['inferenceService', 'endpoint'].filter((key) => isMap(endpoint[key]))
      if (given.length === 1) return []
      return [error(['spec', 'endpoint'], "it needs either 'inferenceService' or 'endpoint', and not both")]
    },
  },
  {
    kinds: ['BenchmarkJob'],
    check(object) {
      const known = SCENARIOS[textAt(object, 'spec', 'task') ?? '']
      if (known === undefined) return []
      return listAt(object, 'spec', 'trafficScenarios').flatMap((scenario, index): RuleProblem[] =>
        known.test.test(String(scenario).replaceAll(' ', ''))
          ? []
          : [error(['spec', 'trafficScenarios', index], `'${String(scenario)}' is not of the form ${known.shown}`)],
      )
    },
  },
  {
    kinds: ['BenchmarkJob'],
    check(object) {
      const {ignore_eos: ignores, temperature} = mapAt(object, 'spec', 'additionalRequestParams')
      const path = ['spec', 'additionalRequestParams']
      const found: RuleProblem[] = []
      if (ignores !== undefined && !/^(true|false)$/i.test(String(ignores)))
        found.push(error([...path, 'ignore_eos'], 'it must be true or false'))
      if (temperature !== undefined && !Number.isFinite(Number(temperature)))
        found.push(error([...path, 'temperature'], 'it must be a number'))
      return found
    },
  },
  {
    kinds: ['BenchmarkJob'],
    check(object) {
      const uri = textAt(object, 'spec', 'outputLocation', 'storageUri')
      const problem = uri === undefined ? undefined : uriProblem(uri, 'output')
      return problem === undefined ? [] : [{path: ['spec', 'outputLocation', 'storageUri'], ...problem}]
    },
  },
  {
    kinds: ['BenchmarkJob'],
    check(object) {
      if (!isMap(mapAt(object, 'spec', 'endpoint').inferenceService)) return []
      const message = "OME asks for a model called 'vllm-model' and tells 'Completed' even when every answer is a 404"
      return [warning(['spec', 'endpoint'], message, 'look at the results, not at the status')]
    },
  },
]
