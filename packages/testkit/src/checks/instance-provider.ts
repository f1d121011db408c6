import type {Instance, InstanceSpec} from '@omni-cli/sdk'
import {type CollectionHarness, collectionChecks} from './collection.ts'
import {changeChecks} from './instance-changes.ts'
import {copyChecks, snapshotChecks} from './instance-copies.ts'
import {execChecks} from './instance-exec.ts'
import {fileChecks} from './instance-files.ts'
import type {InstanceCheck, InstanceHarness} from './instance-harness.ts'
import {lifecycleChecks} from './instance-lifecycle.ts'
import {backendChecks, networkChecks, profileChecks} from './instance-surroundings.ts'
import {tellingChecks} from './instance-telling.ts'

export type {InstanceHarness} from './instance-harness.ts'

/** How an instance harness answers the questions of the shared checks. */
const asCollection = ({provider, spec}: InstanceHarness): CollectionHarness<InstanceSpec, Instance> => ({
  collection: provider,
  spec: (name, labels) => ({...spec(name), ...(labels === undefined ? {} : {metadata: {...labels}})}),
  nameOf: (instance) => instance.name,
  differences: instanceDifferences,
  ...(provider.traits.labels ? {labelsOf: (instance: Instance) => instance.labels} : {}),
})

/** Fields that the provider reports and that differ from the spec. */
export function instanceDifferences(spec: InstanceSpec, state: Instance): string[] {
  const pairs: [string, unknown, unknown][] = [
    ['type', spec.type, state.type],
    ['image', spec.image, state.image],
    ['cpus', spec.cpus, state.cpus],
    ['memory', spec.memory, state.memoryBytes],
    ['disk', spec.disk, state.diskBytes],
  ]
  return pairs
    .filter(([, wanted, seen]) => wanted !== undefined && seen !== undefined && wanted !== seen)
    .map(([field]) => field)
}

/** The promises of `InstanceProvider`, those of its facets where it has them, and those of `Collection`. */
export const instanceProviderChecks: readonly InstanceCheck[] = [
  ...collectionChecks<InstanceSpec, Instance>().map((check) => ({
    name: check.name,
    run: (h: InstanceHarness) => check.run(asCollection(h)),
  })),
  ...lifecycleChecks,
  ...changeChecks,
  ...execChecks,
  ...fileChecks,
  ...tellingChecks,
  ...snapshotChecks,
  ...copyChecks,
  ...profileChecks,
  ...networkChecks,
  ...backendChecks,
]
