import {type OmeSimulator, type OmeSimulatorOptions, startOmeSimulator} from '@omni-cli/testkit'
import type {ClusterHome} from './harness.ts'

/**
 * The operator of OME and its agents for the namespace of a home, and for the models and runtimes whose names end in its id.
 * Runners get the model server of the tests as their image, and the node says that it has 8 devices.
 */
export function startSimulator(
  {access, namespace, id}: ClusterHome,
  options: Partial<OmeSimulatorOptions> = {},
): Promise<OmeSimulator> {
  return startOmeSimulator({
    cluster: access,
    namespaces: [namespace],
    owns: (name) => name.endsWith(`-${id}`),
    image: 'omni-test/model-server:1',
    gpus: 8,
    download: {steps: 3, stepMs: 100},
    ...options,
  })
}
