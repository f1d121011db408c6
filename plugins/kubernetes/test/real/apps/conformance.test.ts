import {type ServiceSpec, serviceSpec} from '@omni-cli/sdk'
import {describeServiceEngine} from '@omni-cli/testkit'
import {describe} from 'vitest'
import {kubeconfig, openLab} from './lab.ts'

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

describe.skipIf(kubeconfig === undefined).concurrent('on a real cluster', () => {
  describeServiceEngine({
    name: 'kubernetes',
    // A namespace for each check: nothing waits for what is left of another one.
    async create() {
      const lab = await openLab()
      return {driver: lab.engine, close: async () => lab[Symbol.asyncDispose]()}
    },
    spec,
    broken: (name) => serviceSpec.parse({...spec(name), env: {EXIT: '7'}}),
    timeoutMs: 120_000,
  })
})
