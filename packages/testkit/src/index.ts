export {type Check, type CheckResult, type Opened, runChecks} from './checks/check.ts'
export {type CollectionHarness, collectionChecks} from './checks/collection.ts'
export {type InstanceHarness, instanceProviderChecks} from './checks/instance-provider.ts'
export {type CatalogHarness, modelCatalogChecks, modelSourceChecks, type SourceHarness} from './checks/model.ts'
export {type ServiceHarness, serviceEngineChecks} from './checks/service-engine.ts'
export {describeInstanceProvider, describeModelCatalog, describeModelSource, describeServiceEngine} from './describe.ts'
export {createFakeExec, type FakeExec} from './fakes/fake-exec.ts'
export {type FakeHttpServer, startFakeHttp} from './fakes/fake-http.ts'
export {createTempHome, type TempHome} from './fakes/temp-home.ts'
export type {PodFate} from './kube/controllers.ts'
export type {KubeFault} from './kube/faults.ts'
export {callKube, type KubeAccess, readAccess} from './kube/kube-http.ts'
export type {KubeObject} from './kube/objects.ts'
export {omeCrds} from './kube/ome/crds.ts'
export {
  type OmeSimulator,
  type OmeSimulatorOptions,
  startOmeSimulator,
} from './kube/ome/start-ome-simulator.ts'
export {type FakeKube, type FakeKubeOptions, startFakeKube} from './kube/start-fake-kube.ts'
export {createMemoryInstances, type MemoryInstances, type MemoryInstancesOptions} from './memory/instances.ts'
export {type Call, type FailOptions, failCall, type Intervene, intercept} from './memory/intercept.ts'
export {createMemoryCatalog, createMemorySource} from './memory/models.ts'
export {createMemoryServices, type MemoryServicesOptions} from './memory/services.ts'
