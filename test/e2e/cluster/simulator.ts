import {type OmeSimulator, type OmeSimulatorOptions, startOmeSimulator} from '@omni-cli/testkit'
import type {ClusterHome} from './harness.ts'

/**
 * The operator of OME and its agents for the namespace of a home, and for the models and runtimes whose names end in its id.
 * Runners get the model server of the tests as their image, and the node says that it has 8 devices.
 */
export function startSimulator(
  {access, namespace, omeNamespace, id}: ClusterHome,
  options: Partial<OmeSimulatorOptions> = {},
): Promise<OmeSimulator> {
  return startOmeSimulator({
    cluster: access,
    namespaces: [namespace],
    omeNamespace,
    owns: (name) => name.endsWith(`-${id}`),
    image: 'omni-test/model-server:1',
    gpus: 8,
    download: {steps: 3, stepMs: 100},
    ...options,
  })
}

/** What an installation of OME looks like: a controller, agents, a configuration. They do nothing: the simulator does it. */
export async function installOme({kube, omeNamespace}: ClusterHome): Promise<void> {
  await kube('POST', '/api/v1/namespaces', {metadata: {name: omeNamespace}}).catch(() => undefined)
  const containers = [{name: 'main', image: 'omni-test/busybox:1', command: ['sleep', '1000000']}]
  const workload = (app: string) => ({
    selector: {matchLabels: {app}},
    template: {metadata: {labels: {app}}, spec: {terminationGracePeriodSeconds: 0, containers}},
  })
  const [controller, agent] = ['ome-controller-manager', 'ome-model-agent-daemonset']
  const apps = `/apis/apps/v1/namespaces/${omeNamespace}`
  await kube('POST', `${apps}/deployments`, {metadata: {name: controller}, spec: workload(controller)})
  await kube('POST', `${apps}/daemonsets`, {metadata: {name: agent}, spec: workload(agent)})
  await kube('POST', `/api/v1/namespaces/${omeNamespace}/configmaps`, {
    metadata: {name: 'inferenceservice-config'},
    data: {deploy: '{"defaultDeploymentMode": "RawDeployment"}', ingress: '{"disableIngressCreation": true}'},
  })
}
