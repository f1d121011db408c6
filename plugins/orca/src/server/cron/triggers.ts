import {runtimeOf, type ServiceSpec} from '@omni-cli/sdk'
import {nextRun, parseSchedule, type Schedule} from './schedule.ts'

const CRON = /^cron:\s*(.*)$/i

const expressionsOf = (spec: Pick<ServiceSpec, 'triggers'>): string[] =>
  spec.triggers.flatMap((trigger) => {
    const expression = CRON.exec(trigger.trim())?.[1]
    return expression === undefined ? [] : [expression]
  })

/** It is run at certain times, to its end, and not kept running. */
export const isScheduled = (spec: Pick<ServiceSpec, 'triggers'>): boolean => expressionsOf(spec).length > 0

const schedulesOf = (spec: Pick<ServiceSpec, 'triggers'>): Schedule[] =>
  expressionsOf(spec)
    .map(parseSchedule)
    .filter((schedule) => typeof schedule !== 'string')

/** The first run after a time; undefined without cron triggers. */
export function nextRunOf(spec: Pick<ServiceSpec, 'triggers'>, after: Date): Date | undefined {
  const runs = schedulesOf(spec).flatMap((schedule) => nextRun(schedule, after) ?? [])
  return runs.sort((a, b) => a.getTime() - b.getTime())[0]
}

/** Why its triggers cannot work, one text a problem. */
export function triggerProblems(spec: ServiceSpec): string[] {
  const broken = expressionsOf(spec).flatMap((expression) => {
    const read = parseSchedule(expression)
    return typeof read === 'string' ? [`trigger 'cron: ${expression}': ${read}`] : []
  })
  if (!isScheduled(spec)) return broken
  const count = typeof spec.replicas === 'number' && spec.replicas > 1
  return [
    ...broken,
    ...(count ? ['it is run by its cron triggers, one at a time: leave out replicas'] : []),
    ...(spec.replicas === 'auto' ? ["it is run by its cron triggers: replicas cannot be 'auto'"] : []),
  ]
}

/** Triggers that start nothing here. */
export const triggerWarnings = (spec: ServiceSpec): string[] =>
  runtimeOf(spec) === 'wasm'
    ? []
    : spec.triggers
        .filter((trigger) => !CRON.test(trigger.trim()))
        .map((trigger) => `the trigger '${trigger}' is ignored: it is for WebAssembly; cron triggers run anything`)
