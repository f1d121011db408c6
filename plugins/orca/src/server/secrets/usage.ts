import type {Service} from '@omni-cli/sdk'
import {candidatesOf, referencesOf, type SecretName, secretLabel} from '../../secrets/reference.ts'

/** A key, and the services whose environment asks for it. */
export interface SecretUse extends SecretName {
  readonly services: readonly Service[]
  /** False: they ask for something that is not set. */
  readonly isSet: boolean
}

/** Every secret that is kept or asked for, sorted; `services` as they are declared now. */
export function usesOf(services: readonly Service[], names: readonly SecretName[]): SecretUse[] {
  const uses = new Map(names.map((name) => [secretLabel(name), {name, isSet: true, services: [] as Service[]}]))
  for (const service of services) {
    for (const reference of referencesOf(service.spec.env)) {
      const candidates = candidatesOf(reference, service.spec.project)
      // What is not set would be looked for in the project first.
      const name = candidates.find((one) => uses.get(secretLabel(one))?.isSet === true) ??
        candidates[0] ?? {key: reference}
      const use = uses.get(secretLabel(name)) ?? {name, isSet: false, services: []}
      uses.set(secretLabel(name), use)
      if (!use.services.includes(service)) use.services.push(service)
    }
  }
  return [...uses.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, {name, isSet, services: users}]) => ({...name, isSet, services: users}))
}
