import {join, resolve} from 'node:path'
import {OmniError} from '@omni-cli/sdk'
import type {Progress, Session, View} from '@omni-cli/sdk/cli'
import {openSource} from '../source.ts'
import {applyImport} from './apply.ts'
import {type ImportPlan, planImport} from './plan.ts'
import type {SpecWishes} from './spec.ts'
import {importedView, planText, planView} from './view.ts'
import {type WantedWords, wantedModels} from './wanted.ts'

export interface ImportRequest {
  readonly scheme: string
  readonly words: WantedWords
  readonly wishes: Omit<SpecWishes, 'namespace'>
  readonly scope?: 'cluster' | 'namespace' | undefined
  /** As it was asked for. */
  readonly namespace?: string | undefined
  readonly create: boolean
  /** Folder for the files. */
  readonly download?: string | undefined
  readonly include?: readonly string[] | undefined
  readonly connections?: number | undefined
  readonly dryRun: boolean
  readonly signal: AbortSignal
  progress(): Promise<Progress>
  notice(text: string): void
  approve(plan: ImportPlan): Promise<boolean>
}

/** Finds out, shows, asks, creates, fetches. Undefined when the answer was no. */
export async function importModels(session: Session, request: ImportRequest): Promise<View | undefined> {
  const {words, scheme, create, signal, download} = request
  refuseTogether(request)
  const source = await openSource(session, scheme)
  const catalog = create ? await session.open('catalog') : undefined
  const wanted = await wantedModels(source, words, {signal})
  const isBulk = words.model === undefined
  if (wanted.length > 1) request.notice(`looking up ${wanted.length} models`)
  const wishes = wishesOf(session, request)
  const plan = await planImport({source, catalog, wanted, wishes, maySkip: words.pattern !== undefined, signal})
  if (request.dryRun) return planView(plan)
  request.notice(planText(plan, {download, downloadOnly: !create}))
  if (!isIdle(plan, request) && !(await request.approve(plan))) {
    request.notice('nothing was created')
    return undefined
  }
  const root = download === undefined ? undefined : resolve(download)
  const folderOf =
    root === undefined ? undefined : ({name}: {readonly name: string}) => (isBulk ? join(root, name) : root)
  const {include, connections} = request
  const progress = await request.progress()
  const imported = await applyImport(plan, {source, catalog, folderOf, include, connections, progress, signal})
  return importedView(imported, plan)
}

/** Nothing would be made in a cluster: nobody is asked. */
const isIdle = ({models}: ImportPlan, {create}: ImportRequest): boolean =>
  !create || models.every(({action}) => action === 'exists')

function refuseTogether({words, wishes, create, download}: ImportRequest): void {
  const {name, displayName, path} = wishes
  if (words.model === undefined && (name ?? displayName ?? path) !== undefined) {
    throw new OmniError('USAGE', '--name, --display-name and --path are for one model')
  }
  if (!create && download === undefined)
    throw new OmniError('USAGE', '--no-create leaves nothing to do without --download')
}

/** A namespace that is asked for means a model of that namespace; else it is for all of them. */
export function wishesOf(
  session: Pick<Session, 'namespace'>,
  {wishes, scope, namespace}: Pick<ImportRequest, 'wishes' | 'scope' | 'namespace'>,
): SpecWishes {
  if (scope === 'cluster' && namespace !== undefined) {
    throw new OmniError('USAGE', '--scope cluster means all namespaces: leave out --namespace')
  }
  const isNamespaced = scope === 'namespace' || (scope === undefined && namespace !== undefined)
  return {...wishes, namespace: isNamespaced ? (namespace ?? session.namespace ?? 'default') : undefined}
}
