import type {Manifest} from './manifest/load.ts'
import {problemsError} from './manifest/problem.ts'
import {refOf, type Wanted} from './operation.ts'
import {topologicalOrder} from './order.ts'

/** The wanted things in the order they are made. MANIFEST_INVALID for a cycle; names that are not there are passed over. */
export function orderResources({resources}: Manifest): Wanted[] {
  const wanted = new Map(resources.map((one) => [refOf(one), one]))
  const nodes = [...wanted].map(([id, one]) => ({id, one, dependsOn: dependenciesOf(one, (ref) => wanted.has(ref))}))
  return topologicalOrder(nodes).map(({one}) => one)
}

/** A name means the same kind first, then any other. Profiles and networks come before what uses them. */
export function dependenciesOf(resource: Wanted, has: (ref: string) => boolean): string[] {
  const implied = impliedBy(resource).filter(has)
  if (resource.kind === 'network' || resource.kind === 'profile') return [...new Set(implied)]
  const names = resource.spec.depends_on ?? []
  const kinds = [resource.kind, ...(['instance', 'service'] as const).filter((kind) => kind !== resource.kind)]
  const declared = names.flatMap((name) => kinds.map((kind) => `${kind}/${name}`).find(has) ?? [])
  return [...new Set([...declared, ...implied])]
}

function impliedBy(resource: Wanted): string[] {
  if (resource.kind === 'network') return []
  if (resource.kind === 'service') {
    const node = resource.spec.placement?.node
    return node === undefined ? [] : [`instance/${node}`]
  }
  const nets = Object.values(resource.spec.devices ?? {}).flatMap(({network}) => network ?? [])
  if (resource.kind === 'profile') return nets.map((name) => `network/${name}`)
  const {profiles = [], network} = resource.spec
  const joined = network?.name === undefined ? nets : [network.name, ...nets]
  return [...profiles.map((name) => `profile/${name}`), ...joined.map((name) => `network/${name}`)]
}

/** MANIFEST_INVALID with the places of all names that `depends_on` knows and nobody else. */
export function checkDependencies(wanted: readonly Wanted[], has: (ref: string) => boolean): void {
  const problems = wanted.flatMap((resource) => {
    if (resource.kind === 'network' || resource.kind === 'profile') return []
    return (resource.spec.depends_on ?? [])
      .filter((name) => !has(`service/${name}`) && !has(`instance/${name}`))
      .map((name) => ({
        ...resource.origin,
        message: `${resource.kind} '${resource.name}' depends on '${name}', which is neither in the files nor running`,
      }))
  })
  if (problems.length > 0) throw problemsError(problems)
}
