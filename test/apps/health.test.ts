import {type EndpointAnswer, type Service, serviceSpec} from '@omni-cli/sdk'
import {describe, expect, it} from 'vitest'
import {checkServices} from '../../src/status/health.ts'

const service = (more: Partial<Service>): Service => ({
  name: 'chat',
  status: 'deploying',
  spec: serviceSpec.parse({name: 'chat', command: 'run'}),
  desiredReplicas: 1,
  runningReplicas: 0,
  release: 'r1',
  endpoints: [],
  replicas: [],
  ...more,
})

const router: EndpointAnswer = {url: '/v1/models', ok: true, status: 200, ms: 3}
const check = async (more: Partial<Service>) =>
  (await checkServices([service(more)], {probe: async () => [router]}))[0] ?? expect.fail('nothing was checked')

describe('health of a service that is being deployed', () => {
  it('is not good while replicas are missing, although its router answers', async () => {
    expect(await check({})).toMatchObject({healthy: false, reason: '0 of 1 replicas are ready'})
  })

  it('is good while as many as wanted serve, as those of the version before do', async () => {
    expect(await check({runningReplicas: 1})).toMatchObject({healthy: true})
  })
})
