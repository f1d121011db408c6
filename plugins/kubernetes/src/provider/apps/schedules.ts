import type {ApiObject, ServiceSpec} from '@omni-cli/sdk'
import {autoscaleSpec} from '@omni-cli/sdk'
import {objectLabels} from './deployment.ts'
import type {AppFacts} from './facts.ts'
import {cronName} from './names.ts'
import {podTemplate, type Version} from './pod.ts'

const CRON = /^cron:\s*(.*)$/i

const expressionsOf = ({triggers}: Pick<ServiceSpec, 'triggers'>): string[] =>
  triggers.flatMap((trigger) => CRON.exec(trigger.trim())?.[1] ?? [])

/** It is run at certain times, to its end, and not kept running. */
export const isScheduled = (spec: Pick<ServiceSpec, 'triggers'>): boolean => expressionsOf(spec).length > 0

/** What is wrong with the triggers, one text a problem. */
export function triggerProblems(spec: ServiceSpec): string[] {
  const foreign = spec.triggers.filter((trigger) => !CRON.test(trigger.trim()))
  return [
    ...foreign.map((trigger) => `triggers: '${trigger}' starts nothing in a cluster; there is "cron: 0 0 2 * * *"`),
    ...expressionsOf(spec).flatMap((expression) => {
      const words = expression.trim().split(/\s+/)
      if (words.length !== 5 && words.length !== 6) return [`triggers: '${expression}' has not 5 or 6 fields`]
      const isWhole = words.length === 5 || words[0] === '0'
      return isWhole ? [] : [`triggers: '${expression}': a cluster starts at whole minutes, so the seconds must be 0`]
    }),
    ...(isScheduled(spec) && spec.replicas !== 1 && spec.replicas !== 0
      ? ['replicas: what cron triggers start runs once at a time']
      : []),
  ]
}

/** A CronJob for each trigger. */
export function cronJobs(version: Version, facts: AppFacts, isSuspended: boolean): ApiObject[] {
  const {spec} = version
  const [, often] = /^on-failure(?::(\d+))?$/.exec(spec.restart_policy ?? '') ?? []
  const restartPolicy = spec.restart_policy?.startsWith('on-failure') === true ? 'OnFailure' : 'Never'
  return expressionsOf(spec).map((expression, index) => ({
    apiVersion: facts.cronApi ?? 'batch/v1',
    kind: 'CronJob',
    metadata: {name: cronName(spec.name, index), namespace: facts.namespace, labels: objectLabels(spec)},
    spec: {
      schedule: expression.trim().split(/\s+/).slice(-5).join(' '),
      ...(facts.minor >= 27 ? {timeZone: 'Etc/UTC'} : {}),
      concurrencyPolicy: 'Forbid',
      suspend: isSuspended,
      successfulJobsHistoryLimit: 1,
      failedJobsHistoryLimit: 1,
      jobTemplate: {
        spec: {
          backoffLimit: restartPolicy === 'Never' ? 0 : Number(often ?? 6),
          template: podTemplate(version, facts, {restartPolicy}),
        },
      },
    },
  }))
}

/** HorizontalPodAutoscaler of `replicas: auto`. */
export function autoscaler(spec: ServiceSpec, {namespace, autoscaleApi = 'autoscaling/v2'}: AppFacts): ApiObject[] {
  if (spec.replicas !== 'auto') return []
  const {min, max, cpu_percent: percent} = autoscaleSpec.parse(spec.autoscale ?? {})
  // Percent of one core, as the spec has it; version 1 only knows percent of what is requested.
  const target =
    autoscaleApi === 'autoscaling/v1'
      ? {targetCPUUtilizationPercentage: Math.max(1, Math.round(percent / (spec.resources?.cpu ?? 1)))}
      : {
          metrics: [
            {
              type: 'Resource',
              resource: {name: 'cpu', target: {type: 'AverageValue', averageValue: `${percent * 10}m`}},
            },
          ],
        }
  return [
    {
      apiVersion: autoscaleApi,
      kind: 'HorizontalPodAutoscaler',
      metadata: {name: spec.name, namespace, labels: objectLabels(spec)},
      spec: {
        scaleTargetRef: {apiVersion: 'apps/v1', kind: 'Deployment', name: spec.name},
        ...{minReplicas: min, maxReplicas: max},
        ...target,
      },
    },
  ]
}
