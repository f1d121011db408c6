import {type ServiceSpec, serviceSpec} from '@omni-cli/sdk'
import {describeServiceEngine} from '@omni-cli/testkit'
import {afterAll, beforeAll, describe} from 'vitest'
import {kubeconfig, type Lab, openLab} from './lab.ts'

const spec = (name: string, version = 1): ServiceSpec =>
  serviceSpec.parse({
    name,
    image: 'omni-test/app:1',
    port: 8080,
    env: {VERSION: String(version)},
    readiness: {path: '/ready', interval_secs: 1},
    deploy: {drain_secs: 0},
    stop_grace_secs: 1,
  })

describe.skipIf(kubeconfig === undefined)('on a real cluster', () => {
  let lab: Lab
  beforeAll(async () => {
    lab = await openLab()
  })
  afterAll(() => lab?.[Symbol.asyncDispose]())

  describeServiceEngine({
    name: 'kubernetes',
    create: async () => ({driver: lab.engine, close: () => lab.empty()}),
    spec,
    broken: (name) => serviceSpec.parse({...spec(name), env: {EXIT: '7'}}),
    timeoutMs: 120_000,
  })
})
