import {type ServedModel, type Service, type ServingPlan, serviceSpec} from '@omni-cli/sdk'
import {describe, expect, it} from 'vitest'
import {serviceKind} from '../../src/resources/service.ts'
import {plainLines, servingPlanLines} from '../../src/serving/plan-view.ts'
import {checkServices} from '../../src/status/health.ts'
import {serviceDetailsView} from '../../src/status/service-details.ts'

const serving: ServedModel = {
  ...{model: 'tiny', size: '1.2B', vendor: 'acme', runtime: 'fast', runtimeBy: 'selected', mode: 'RawDeployment'},
  ...{components: [{name: 'engine', ready: 1, desired: 2, gpus: 2, reason: 'engine: starts'}], gpus: 4},
  reason: 'engine: starts',
}
const service = (more: Partial<Service> = {}): Service => ({
  ...{name: 'chat', project: 'lab', status: 'degraded', spec: serviceSpec.parse({name: 'chat', image: 'x'})},
  ...{
    desiredReplicas: 2,
    runningReplicas: 1,
    replicas: [],
    endpoints: [{url: 'http://chat.lab.svc:8080', via: 'domain'}],
  },
  serving,
  ...more,
})
const app = service({name: 'web', serving: undefined})

describe('a served model', () => {
  it('is told with its model, runtime, size and the cause', () => {
    const view = serviceDetailsView(service(), new Date(0))
    const text = plainLines(view.text(view.data))

    expect(text).toContain('Model:      tiny (1.2B, acme)')
    expect(text).toContain('Runtime:    fast (chosen by the operator)')
    expect(text).toContain('Status:     degraded (1/2 replicas)')
    expect(text).toContain('Why:        engine: starts')
    expect(text).toContain('try: omni debug service chat')
    expect(view.exitCode).toBe(9)
  })

  it('changes the columns of the list, which stay as they are without one', () => {
    const headers = (rows: readonly Service[]) => serviceKind.columnsFor?.(rows)?.map(({header}) => header)

    expect(headers([app, service()])?.slice(0, 7)).toEqual([
      ...['NAMESPACE', 'NAME', 'MODEL', 'RUNTIME', 'REPLICAS', 'STATUS', 'AGE'],
    ])
    expect(headers([app])).toBeUndefined()
  })

  it('is asked through the engine, and not at an address that only answers inside', async () => {
    const probe = async () => [{url: '/v1/models', ok: true, status: 200, ms: 3}]
    const [health] = await checkServices([service({status: 'running', runningReplicas: 2})], {probe})

    expect(health).toMatchObject({healthy: true, endpoints: [{url: '/v1/models', ok: true}]})
  })

  it('that does not answer is not well, though its conditions say so', async () => {
    const probe = async () => [{url: '/v1/models', ok: false, ms: 3, error: 'connection refused'}]
    const [health] = await checkServices([service({status: 'running', runningReplicas: 2})], {probe})

    expect(health).toMatchObject({healthy: false, reason: '/v1/models does not answer: connection refused'})
  })
})

describe('the plan of a deploy', () => {
  const plan: ServingPlan = {
    ...{
      action: 'create',
      manifests: [],
      runtime: 'fast',
      runtimeBy: 'selected',
      gpusPerReplica: 2,
      gpus: 4,
      perHour: 8,
    },
    ...{warnings: ['the server says something'], obstacles: ['need 2 devices, largest free 1 on n7']},
  }

  it('tells runtime, devices, price, remarks and what is in the way', () => {
    expect(plainLines(servingPlanLines('chat', plan)).split('\n')).toEqual([
      '+ create service/chat  runtime fast (chosen by the operator), 4 GPUs (2 a replica), $8.00/h',
      '  ! the server says something',
      '  ✖ it cannot start now: need 2 devices, largest free 1 on n7',
    ])
  })
})
