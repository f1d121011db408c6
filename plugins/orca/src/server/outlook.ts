import type {Service} from '@omni-cli/sdk'
import {partsOf} from '../runtimes/all-runtimes.ts'
import type {ControlContext} from './context.ts'
import {nextRunOf} from './cron/triggers.ts'
import {failureOf} from './failure.ts'

/** The picture of a service with when it runs next; and as nobody knows it, while what runs it does not answer. */
export function withOutlook({fleet, runtime}: Pick<ControlContext, 'fleet' | 'runtime'>, service: Service): Service {
  const isRun = service.status !== 'stopped' && service.release !== undefined
  const next = isRun ? nextRunOf(service.spec, new Date()) : undefined
  const whole = next === undefined ? service : {...service, nextRun: next.toISOString()}
  const part = fleet.away.size === 0 ? undefined : partsOf(runtime).find(({runs}) => runs(service.spec))
  const problem = part === undefined ? undefined : fleet.away.get(part.runtime.name)
  return problem === undefined || !isRun ? whole : asUnknown(whole, problem)
}

const asUnknown = (service: Service, problem: string): Service => ({
  ...service,
  status: service.status === 'running' && service.desiredReplicas > 0 ? 'degraded' : service.status,
  runningReplicas: 0,
  replicas: service.replicas.map((replica) => ({
    ...replica,
    status: replica.status === 'ready' ? 'unready' : replica.status,
  })),
  lastFailure: failureOf('RuntimeUnavailable', {
    message: problem,
    restarts: service.lastFailure?.restarts ?? 0,
    lastLines: service.lastFailure?.lastLines ?? [],
  }),
})
