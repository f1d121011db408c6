import type {Progress, Session, TextLine, View} from '@omni-cli/sdk/cli'
import type {Operation} from '@omni-cli/sdk/engine'
import type {Doomed} from './doomed.ts'
import {planLines, planView, resultView} from './plan-view.ts'
import {refuseProtectedContext} from './protected-context.ts'
import {locked, showEvents} from './run.ts'

export interface DeleteOptions {
  readonly signal: AbortSignal
  readonly progress: () => Promise<Progress>
  readonly approve: (plan: readonly TextLine[]) => Promise<boolean>
  readonly dryRun: boolean
  /** Also data that is kept by default. */
  readonly purge: boolean
  /** The command, for whoever finds the context locked. Default `omni delete`. */
  readonly command?: string | undefined
  /** Remarks beside the plan. */
  readonly notes?: readonly string[] | undefined
  /** Tells the remarks when there is no plan to show them with. */
  readonly notice?: ((text: string) => void) | undefined
}

/** Removes the things, dependants first, under the lock of the context. */
export async function deleteThings(session: Session, doomed: readonly Doomed[], options: DeleteOptions): Promise<View> {
  const operations = await removalOf(doomed)
  const plan = {operations, wanted: new Map(), notes: options.notes ?? []}
  if (options.dryRun) return planView(plan)
  if (operations.length > 0) refuseProtectedContext(session)
  if (operations.length > 0 && !(await options.approve(planLines(plan)))) {
    return planView({...plan, notes: [...plan.notes, 'nothing was done']})
  }
  if (operations.length === 0) {
    for (const note of plan.notes) options.notice?.(`note: ${note}`)
    return resultView({done: [], failed: [], skipped: [], kept: []})
  }
  return locked(session, options.command ?? 'omni delete', async () => {
    const {applyError, applyPlan, resultData} = await import('@omni-cli/sdk/engine')
    const byRef = new Map(doomed.map((thing) => [refOf(thing), thing]))
    const result = await applyPlan(
      plan,
      {},
      {
        signal: options.signal,
        onEvent: showEvents(await options.progress()),
        remove: async (ref, call) => {
          const thing = byRef.get(ref)
          await thing?.open.remove(thing.name, {...call, purge: options.purge})
        },
      },
    )
    const error = applyError(result)
    if (error !== undefined) throw error
    return resultView(resultData(result))
  })
}

const refOf = ({kind, name}: Pick<Doomed, 'kind' | 'name'>) => `${kind.kind}/${name}`

async function removalOf(doomed: readonly Doomed[]): Promise<readonly Operation[]> {
  const {buildRemoval} = await import('@omni-cli/sdk/engine')
  return buildRemoval(doomed.map((thing) => ({ref: refOf(thing), dependsOn: dependsOnOf(thing)})))
}

/** Services tell what they need; of machines, only a plan does. */
function dependsOnOf({state, needs}: Doomed): readonly string[] {
  if (needs !== undefined) return needs
  if (typeof state !== 'object' || state === null || !('spec' in state)) return []
  const {spec} = state
  if (typeof spec !== 'object' || spec === null || !('depends_on' in spec) || !Array.isArray(spec.depends_on)) return []
  return spec.depends_on.map((name) => `service/${String(name)}`)
}
