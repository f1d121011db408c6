import type {CallOptions} from '../contracts/collection.ts'
import type {ChangeKind, Instance, InstanceProvider} from '../contracts/instance-provider.ts'
import {mapLimit} from '../io/map-limit.ts'
import type {PlannerTraits} from './kinds.ts'
import type {Change, Plan} from './operation.ts'
import {LABEL_FIELDS} from './owner.ts'

/** What the driver has said that changes cost: by ref, then by path. */
export type Costs = ReadonlyMap<string, Readonly<Record<string, ChangeKind>>>

const ORDER: readonly ChangeKind[] = ['live', 'restart', 'rebuild', 'replace']

export const fieldOf = (path: string): string => path.split('.')[0] ?? path

/** What a change of this field of a machine costs: as the driver says, else as its traits say. */
export function costOf(
  path: string,
  traits: PlannerTraits,
  asked: Readonly<Record<string, ChangeKind>> = {},
): ChangeKind {
  const {mutable = [], rebuildable = []} = traits.instance ?? {}
  const field = fieldOf(path)
  const own = Object.hasOwn(asked, path) ? asked[path] : Object.hasOwn(asked, field) ? asked[field] : undefined
  const cost = own ?? (mutable.includes(field) ? inPlace(field) : rebuildable.includes(field) ? 'rebuild' : 'replace')
  return cost === 'rebuild' && traits.rebuilds !== true ? 'replace' : cost
}

const inPlace = (field: string): ChangeKind => (field === LABEL_FIELDS.instance ? 'live' : 'restart')

export const largestCost = (changes: readonly Change[]): ChangeKind | undefined =>
  ORDER.findLast((kind) => changes.some(({cost}) => cost === kind))

/**
 * Asks the driver what the changes of this plan cost, of the machines that differ alone. Undefined when there is nothing to ask:
 * the plan stands as it is.
 */
export async function askCosts(
  plan: Plan,
  instances: readonly Instance[],
  provider: InstanceProvider | undefined,
  options: CallOptions = {},
): Promise<Costs | undefined> {
  const byRef = new Map(instances.map((instance) => [`instance/${instance.name}`, instance]))
  const questions = plan.operations.flatMap(({ref, changes}) => {
    const instance = byRef.get(ref)
    const paths = changes.map(({path}) => path).filter((path) => fieldOf(path) !== LABEL_FIELDS.instance)
    return instance === undefined || paths.length === 0 ? [] : [{ref, instance, paths}]
  })
  if (provider?.changeKinds === undefined || questions.length === 0) return undefined
  const answers = await mapLimit(questions, 8, async ({ref, instance, paths}) => {
    const kinds = (await provider.changeKinds?.(instance, paths, options)) ?? {}
    return [ref, kinds] as const
  })
  return new Map(answers)
}
