import type {CallOptions, Finding, Service, ServiceEngine} from '@omni-cli/sdk'
import {requireService} from '../apps/act.ts'
import {failureText} from '../apps/service-view.ts'
import {checkServices, type ServiceHealth} from '../status/health.ts'

/** What was found about one service; the shape is stable. */
export interface Diagnosis {
  readonly service: string
  readonly status: Service['status']
  readonly ready: number
  readonly desired: number
  /** No cause was found, and it runs as it should. */
  readonly ok: boolean
  readonly findings: readonly Finding[]
}

/** Looks for what keeps a service from serving: by the rules of its engine, where that has some, and by asking its endpoints. */
export async function diagnose(engine: ServiceEngine, name: string, {signal}: CallOptions = {}): Promise<Diagnosis> {
  const [service, found] = await Promise.all([
    requireService(engine, name, {signal}),
    engine.diagnosis?.diagnose(name, {signal}),
  ])
  const [health] = await checkServices([service], engine, {signal})
  const known = found ?? ownFindings(service)
  const isExplained = known.some(({severity}) => severity === 'cause')
  const asked = health === undefined ? [] : endpointFindings(health, isExplained)
  const findings = [...known, ...asked].toSorted((a, b) => ORDER.indexOf(a.severity) - ORDER.indexOf(b.severity))
  const {status, runningReplicas: ready, desiredReplicas: desired} = service
  const isWell = status === 'running' || status === 'stopped'
  return {
    ...{service: name, status, ready, desired},
    ok: isWell && findings.every(({severity}) => severity !== 'cause'),
    findings,
  }
}

const ORDER: readonly Finding['severity'][] = ['cause', 'warning', 'info', 'ok']

/** What the service tells of itself, for engines without rules. */
function ownFindings({name, status, lastFailure, runningReplicas, desiredReplicas}: Service): Finding[] {
  if (status === 'running') return [{rule: 'replicas', severity: 'ok', message: 'all replicas are ready', evidence: []}]
  if (status === 'stopped') {
    const fix = `omni start service ${name}`
    return [{rule: 'stopped', severity: 'info', message: 'the service is stopped', evidence: [], fix}]
  }
  const fix = `omni logs service ${name} --tail 100`
  if (lastFailure !== undefined) {
    const evidence = lastFailure.lastLines
    return [{rule: 'last-failure', severity: 'cause', message: failureText(lastFailure), evidence, fix}]
  }
  const message = `${runningReplicas} of ${desiredReplicas} replicas are ready`
  return [{rule: 'replicas', severity: status === 'deploying' ? 'warning' : 'cause', message, evidence: [], fix}]
}

/** An endpoint that does not answer is only a symptom of what was found already. */
function endpointFindings({name, endpoints}: ServiceHealth, isExplained: boolean): Finding[] {
  return endpoints.map(({url, ok, status, error, ms}): Finding => {
    const answer = status === undefined ? (error ?? 'a connection') : `HTTP ${status}`
    if (ok) return {rule: 'endpoint', severity: 'ok', message: `${url} answers in ${ms} ms`, evidence: [answer]}
    return {
      rule: 'endpoint',
      severity: isExplained ? 'warning' : 'cause',
      message: `${url} does not answer as it should: ${answer}`,
      evidence: [],
      fix: `omni logs service ${name} --tail 100`,
    }
  })
}
