import {formatDuration, type Service} from '@omni-cli/sdk'
import {type ItemView, itemView, type TextLine} from '@omni-cli/sdk/cli'
import type {Operation} from '@omni-cli/sdk/engine'
import {STATUS_TONE} from '../apps/service-view.ts'
import {withoutSecrets} from '../apps/without-secrets.ts'
import {answerText} from '../status/health.ts'
import {isHealthy} from '../status/overview.ts'
import {DEGRADED_EXIT} from '../status/overview-view.ts'
import type {Rollout, ServiceAnswer} from './rollout.ts'

/** Answer of `up` and `deploy`; the shape is stable. */
export interface RolloutReport {
  readonly operations: readonly Pick<Operation, 'ref' | 'action' | 'changes' | 'reason'>[]
  readonly services: readonly Service[]
  readonly answers: readonly ServiceAnswer[]
  /** Every service runs as wanted and every endpoint answers. */
  readonly ok: boolean
}

/** What runs now and what its endpoints answered; exit status 9 when one does not. */
export function rolloutView(rollout: Rollout, elapsedMs: number): ItemView<RolloutReport> {
  const {plan, services, answers} = rollout
  const ok = services.every(isHealthy) && answers.every(({endpoints}) => endpoints.every((probe) => probe.ok))
  return itemView<RolloutReport>({
    data: {
      operations: plan.operations.map(({ref, action, changes, reason}) => ({ref, action, changes, reason})),
      services: services.map(withoutSecrets),
      answers,
      ok,
    },
    ref: services.map(({name}) => `service/${name}`),
    exitCode: ok ? 0 : DEGRADED_EXIT,
    text: (report) => [
      ...report.services.flatMap((service) => serviceLines(service, report)),
      summary(rollout, elapsedMs),
    ],
  })
}

function serviceLines(service: Service, {answers}: RolloutReport): TextLine[] {
  const endpoints = answers.find((answer) => answer.service === service.name)?.endpoints ?? []
  const isWell = isHealthy(service) && endpoints.every(({ok}) => ok)
  const head: TextLine = [
    isWell ? ['✔ ', 'good'] : ['✖ ', 'bad'],
    service.name,
    [` ${service.status}`, STATUS_TONE[service.status]],
    ` ${service.runningReplicas}/${service.desiredReplicas}`,
    [service.release === undefined ? '' : ` ${service.release}`, 'dim'],
  ]
  return [
    head,
    ...endpoints.map((probe): TextLine => ['  ', probe.url, [`  ${answerText(probe)}`, probe.ok ? 'dim' : 'bad']]),
  ]
}

function summary({plan, result}: Rollout, elapsedMs: number): TextLine {
  if (result === undefined) return [['nothing to change', 'dim']]
  const changed = plan.operations.filter(({action}) => action !== 'keep').length
  return [[`${changed} of ${plan.operations.length} changed in ${formatDuration(elapsedMs)}`, 'dim']]
}
