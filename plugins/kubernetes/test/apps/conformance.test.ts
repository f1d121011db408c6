import {createHttp, type DriverContext, type ServiceSpec, serviceSpec, silentLogger} from '@omni-cli/sdk'
import {describeServiceEngine, type KubeObject, startFakeKube} from '@omni-cli/testkit'
import {describe} from 'vitest'
import {openClient} from '../../src/client/open-client.ts'
import {createServices} from '../../src/provider/service-engine.ts'

// The same checks as on a real cluster (`test/real/apps`): here the API, its controllers and pods are in memory.

const spec = (name: string, version = 1): ServiceSpec =>
  serviceSpec.parse({name, image: 'acme/web:1', port: 8080, env: {VERSION: String(version)}, stop_grace_secs: 1})

const isBroken = (pod: KubeObject): boolean =>
  pod.spec.containers[0].env.some(({name}: {readonly name: string}) => name === 'EXIT')

/** Times have whole seconds: what is started again is seen by a later one. */
const SECOND_MS = 1100

const scaledEvent = ({metadata: {name, namespace = 'default', labels}}: KubeObject): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Event',
  metadata: {name: `${name}.1`, namespace, creationTimestamp: new Date().toISOString()},
  involvedObject: {apiVersion: 'apps/v1', kind: 'Deployment', name: labels?.['omni.service'], namespace},
  ...{type: 'Normal', reason: 'ScalingReplicaSet', message: 'Scaled up', lastTimestamp: new Date().toISOString()},
})

async function open() {
  const kube = await startFakeKube({
    fateOf: (pod) => {
      const {name, namespace = 'default', annotations = {}} = pod.metadata
      const line = isBroken(pod) ? 'broken on purpose' : 'version starts'
      kube.say({namespace, name, container: 'app'}, line)
      kube.seed(scaledEvent(pod))
      if (isBroken(pod)) return {waiting: 'CrashLoopBackOff', restarts: 2, exitCode: 7}
      return {afterMs: annotations['omni.restarted-at'] === undefined ? 0 : SECOND_MS}
    },
  })
  const context: DriverContext = {
    ...{home: '', env: {}, context: 'k', namespace: 'default', cluster: 'fake', log: silentLogger},
    ...{notice: () => undefined, http: createHttp({log: silentLogger})},
    exec: () => Promise.reject(new Error('nothing is executed here')),
  }
  return {kube, client: await openClient(context, {kubeconfig: kube.kubeconfig})}
}

describe.concurrent('an API in memory', () => {
  describeServiceEngine({
    name: 'kubernetes, in memory',
    async create() {
      const {kube, client} = await open()
      return {driver: createServices(client, 'tester'), close: async () => kube[Symbol.asyncDispose]()}
    },
    spec,
    broken: (name) => serviceSpec.parse({...spec(name), env: {EXIT: '7'}}),
  })
})
