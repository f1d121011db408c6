export {type ApplyEvent, type ApplyOptions, applyPlan} from './apply.ts'
export {askCosts, type Costs} from './costs.ts'
export {orderResources} from './dependencies.ts'
export type {PlannerTraits} from './kinds.ts'
export {type LockHolder, type LockOptions, withLock} from './lock.ts'
export {type ConfigFileOptions, readConfigFile} from './manifest/config-file.ts'
export {PROJECT_FILES} from './manifest/discover.ts'
export {type LoadOptions, loadManifest, type Manifest} from './manifest/load.ts'
export type {WrittenObject} from './manifest/objects.ts'
export {planSchema} from './manifest/plan-schema.ts'
export {type FoundProblem, type Problem, problemsError} from './manifest/problem.ts'
export {locate, type Place, type Resource, type ShownPlace} from './manifest/resource.ts'
export {type FieldSchema, fieldSchema, type SchemaKind, schemaAt, typeInWords} from './manifest/schema.ts'
export {plainValue, type Tree} from './manifest/tree.ts'
export type {VariableInputs} from './manifest/variables.ts'
export {readYamlFile, type YamlFile} from './manifest/yaml-file.ts'
export {type Drivers, observe, type SideKind, traitsOf} from './observe.ts'
export {
  type Action,
  type Change,
  hasChanges,
  type Observed,
  type Operation,
  PLAN_LABEL,
  type Plan,
  type PlannedKind,
  refOf,
  type Wanted,
} from './operation.ts'
export {type ApplyResult, applyError, resultData} from './outcome.ts'
export {buildPlan, type PlanOptions} from './plan.ts'
export {awaitReady, type ReadySpec} from './ready.ts'
export {probeUrl} from './ready-probe.ts'
export {buildRemoval, type Removable} from './removal.ts'
