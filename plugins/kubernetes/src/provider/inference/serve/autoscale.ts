import {type AutoscaleWish, OmniError} from '@omni-cli/sdk'
import {ANNOTATION} from '../names.ts'

/** What an autoscaler is told: fields of the engine, or annotations of the service. */
export interface AutoscaleSettings {
  readonly engine: Readonly<Record<string, unknown>>
  readonly annotations: Readonly<Record<string, string>>
}

export interface AutoscaleOf {
  readonly service: string
  readonly namespace: string
  /** Program that serves, for the names of its metrics. */
  readonly engine: 'vllm' | 'sglang' | undefined
  /** KEDA is installed. */
  readonly hasKeda: boolean
}

/** Those that the autoscaler of Kubernetes knows by itself. */
const HPA_METRICS: readonly string[] = ['cpu', 'memory']

/** Metrics of the servers, whichever name they go by there. `rate`: per second. */
const SERVER_METRICS: Readonly<Record<string, {readonly vllm: string; readonly sglang: string; readonly rate?: true}>> =
  {
    'requests-per-second': {vllm: 'vllm:request_success_total', sglang: 'sglang:num_requests_total', rate: true},
    concurrency: {vllm: 'vllm:num_requests_running', sglang: 'sglang:num_running_reqs'},
    queue: {vllm: 'vllm:num_requests_waiting', sglang: 'sglang:num_queue_reqs'},
    'kv-usage': {vllm: 'vllm:kv_cache_usage_perc', sglang: 'sglang:token_usage'},
    'tokens-per-second': {vllm: 'vllm:generation_tokens_total', sglang: 'sglang:generation_tokens_total', rate: true},
  }

export const METRICS: readonly string[] = [...HPA_METRICS, ...Object.keys(SERVER_METRICS)]

/**
 * The settings of a wish. `cpu` and `memory` go to the operator's own autoscaler, in percent of what is requested. Everything else
 * needs KEDA, and always gets a query of ours: the operator's own asks for metrics that no server has (any more).
 */
export function autoscaleSettings(wish: AutoscaleWish, about: AutoscaleOf): AutoscaleSettings {
  const {metric, target} = wish
  if (!(target > 0)) throw new OmniError('USAGE', `--target ${target} is no positive number`)
  if (HPA_METRICS.includes(metric) && wish.query === undefined) {
    if (target > 100 || !Number.isInteger(target)) {
      throw new OmniError('USAGE', `--target ${target} is no whole percentage from 1 to 100 of the requested ${metric}`)
    }
    return {engine: {scaleMetric: metric, scaleTarget: target}, annotations: {}}
  }
  if (!about.hasKeda) {
    throw new OmniError('UNSUPPORTED', `scaling by ${metric} needs KEDA, which this cluster does not have`, {
      hint: `omni autoscale service ${about.service} --metric cpu --target 80`,
    })
  }
  return {
    engine: {},
    annotations: {
      [ANNOTATION.autoscaler]: 'keda',
      [ANNOTATION.kedaQuery]: wish.query ?? queryOf(metric, about),
      [ANNOTATION.kedaThreshold]: String(target),
      [ANNOTATION.kedaOperator]: 'GreaterThanOrEqual',
    },
  }
}

/** Sum over the pods; of what each device repeats, one. */
function queryOf(metric: string, {service, namespace, engine}: AutoscaleOf): string {
  const known = Object.hasOwn(SERVER_METRICS, metric) ? SERVER_METRICS[metric] : undefined
  if (known === undefined) {
    throw new OmniError('USAGE', `there is no metric '${metric}'; there are ${METRICS.join(', ')}`, {
      hint: '--query with a query of Prometheus for any other',
    })
  }
  if (engine === undefined) {
    throw new OmniError(
      'USAGE',
      `the runtime of '${service}' does not tell whether it is vLLM or SGLang: name the query`,
      {
        hint: `omni autoscale service ${service} --metric ${metric} --query QUERY --target N`,
      },
    )
  }
  const selector = `${known[engine]}{namespace="${namespace}",ome_io_inferenceservice="${service}"}`
  const value = known.rate === true ? `rate(${selector}[2m])` : selector
  return `sum(max by (pod) (${value}))`
}

/** What is taken off again. */
export const AUTOSCALE_ANNOTATIONS: readonly string[] = [
  ANNOTATION.autoscaler,
  ANNOTATION.kedaQuery,
  ANNOTATION.kedaThreshold,
  ANNOTATION.kedaOperator,
]
