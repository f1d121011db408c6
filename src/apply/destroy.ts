import {OmniError} from '@omni-cli/sdk'
import type {Session, View} from '@omni-cli/sdk/cli'
import type {LoadOptions, Manifest} from '@omni-cli/sdk/engine'
import {type DeleteOptions, deleteThings} from './delete.ts'
import {type Doomed, doomedByName} from './doomed.ts'
import {loadNamed} from './load.ts'

export interface DestroyQuery {
  /** `NAME…` or `KIND/NAME…`; with files only those of them that the plan has. */
  readonly words: readonly string[]
  readonly files: readonly string[]
  readonly load: LoadOptions
}

/**
 * Removes what a plan has made: what its files name and its label owns; networks and profiles after the machines that use them.
 * What is not the plan's is only removed when it is named. USAGE when nothing is.
 */
export async function destroy(session: Session, query: DestroyQuery, options: DeleteOptions): Promise<View> {
  const {words, files, load} = query
  const {signal} = options
  if (words.length === 0 && files.length === 0) {
    throw new OmniError('USAGE', 'say what: names, or a plan with --plan FILE', {hint: 'omni destroy --plan omni.yaml'})
  }
  const {doomed, notes} =
    files.length === 0
      ? {doomed: await doomedByName(session, words, {signal, ignoreNotFound: false}), notes: []}
      : await doomedOfPlan(session, await loadNamed({...load, files, signal}), {words, signal})
  refuseProtected(doomed)
  return deleteThings(session, doomed, {...options, notes, command: 'omni destroy'})
}

interface FoundInPlan {
  readonly doomed: Doomed[]
  readonly notes: readonly string[]
}

async function doomedOfPlan(
  session: Session,
  manifest: Manifest,
  {words, signal}: {readonly words: readonly string[]; readonly signal: AbortSignal},
): Promise<FoundInPlan> {
  const {PLAN_LABEL, orderResources, refOf} = await import('@omni-cli/sdk/engine')
  orderResources(manifest)
  const named = manifest.resources.filter((resource) => isNamed(resource, words))
  const unknown = words.filter((word) => !named.some((resource) => isNamed(resource, [word])))
  if (unknown.length > 0) {
    throw new OmniError('NOT_FOUND', `the plan has no '${unknown.join("', '")}'`, {hint: 'omni validate FILE'})
  }
  const refs = new Map(named.map((resource) => [refOf(resource), resource]))
  const found = await doomedByName(session, [...refs.keys()], {signal, ignoreNotFound: true})
  const isOurs = ({kind, state}: Doomed) => manifest.plans.includes(kind.labelsOf?.(state)[PLAN_LABEL] ?? '')
  const doomed = found.filter(isOurs).map((thing) => {
    const resource = refs.get(`${thing.kind.kind}/${thing.name}`)
    const needs = resource !== undefined && 'depends_on' in resource.spec ? (resource.spec.depends_on ?? []) : []
    return {...thing, needs: needs.flatMap((name) => [`instance/${name}`, `service/${name}`])}
  })
  const foreign = found.filter((thing) => !isOurs(thing)).map(({kind, name}) => `${kind.kind}/${name}`)
  const notes = foreign.map((ref) => `${ref} was not made by this plan and stays; omni destroy ${ref}`)
  return {doomed, notes}
}

const isNamed = ({kind, name, group}: Manifest['resources'][number], words: readonly string[]): boolean =>
  words.length === 0 || words.some((word) => [name, group, `${kind}/${name}`].includes(word))

/** All at once, before anything is removed. */
function refuseProtected(doomed: readonly Doomed[]): void {
  const names = doomed.filter(({state}) => isProtected(state)).map(({name}) => `'${name}'`)
  if (names.length === 0) return
  throw new OmniError('CONFLICT', `protected: ${names.join(', ')}`, {
    hint: "set 'protect: false' in the plan and apply it first",
  })
}

function isProtected(state: object): boolean {
  if (!('settings' in state) || typeof state.settings !== 'object' || state.settings === null) return false
  return 'protect' in state.settings && state.settings.protect === true
}
