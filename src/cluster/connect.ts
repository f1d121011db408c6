import {type CallOptions, type ClusterContext, type ClusterProvider, guess, OmniError} from '@omni-cli/sdk'
import {type ConfigEditor, configFileIn, configTools, readConfigText} from '@omni-cli/sdk/cli'
import {contextNameProblem} from '../init/answers.ts'
import {type ContextChange, contextChange, type WriteContextOptions, writeContext} from '../init/write-context.ts'

export interface ConnectWishes {
  /** Kubeconfig files; empty: those of the surroundings. */
  readonly files: readonly string[]
  /** Context of the kubeconfig. */
  readonly context?: string | undefined
  /** Of the context that is written; default: that of the kubeconfig's. */
  readonly name?: string | undefined
  readonly namespace?: string | undefined
  readonly isProtected?: boolean | undefined
  /** Undefined: when no context is the current one yet. */
  readonly use?: boolean | undefined
  readonly allowsProgram: boolean
  /** Takes the current context of the kubeconfig without a question. */
  readonly takesCurrent: boolean
}

/** Asks a person for one of several; undefined where nobody can be asked. */
export type Choose = ((contexts: readonly ClusterContext[]) => Promise<string>) | undefined

/** A cluster that answered, and what would be written down of it. */
export interface ConnectPlan {
  readonly context: ClusterContext
  readonly version: string | undefined
  readonly settings: ClusterSettings
  readonly write: WriteContextOptions
  readonly change: ContextChange
}

/** Chooses a context of the kubeconfig, and sees its API server answer. Nothing is written but the consent to its program. */
export async function planConnect(
  provider: ClusterProvider,
  wishes: ConnectWishes,
  {home, choose, ...call}: CallOptions & {readonly home: string; readonly choose: Choose},
): Promise<ConnectPlan> {
  const editor = await openConfig(home)
  const files = wishes.files.length > 0 ? wishes.files : ownFiles(editor, wishes.name ?? wishes.context)
  const context = await chosen(await provider.contexts({...call, files}), wishes, choose)
  const name = nameFor(context, wishes.name)
  requireSameFiles(name, files, ownFiles(editor, name))
  const {ok, version, message, hint} = await provider.connect(
    {context, files, allowsProgram: wishes.allowsProgram},
    call,
  )
  if (!ok) {
    throw new OmniError('UNAVAILABLE', `'${context.name}' cannot be used: ${message ?? 'it does not answer'}`, {
      hint: hint === 'omni cluster health' ? 'nothing was written; once it answers: omni cluster connect' : hint,
    })
  }
  const current = editor.get(['current-context'])
  const use = wishes.use ?? (current === undefined || current === name)
  const settings = settingsOf(context, wishes)
  const write = {name, settings: {...settings}, use}
  return {context, version, settings, write, change: contextChange(editor, write)}
}

/** Writes the context; the same again changes nothing. */
export const connect = (home: string, {write}: ConnectPlan): Promise<ContextChange> => writeContext(home, write)

/** Something that a person has set becomes another thing. */
export const changesValues = ({change}: ConnectPlan): boolean =>
  !change.created && change.changed.some(({from}) => from !== undefined)

/** Kubeconfig files of a context that is there already; none: those of the surroundings. */
function ownFiles(editor: ConfigEditor, name: string | undefined): readonly string[] {
  const contexts = editor.get(['contexts'])
  const index = Array.isArray(contexts) ? contexts.findIndex((entry) => entry?.name === name) : -1
  const files = index === -1 ? undefined : editor.get(['contexts', index, 'kubernetes', 'kubeconfig'])
  return [files ?? []].flat().filter((file) => typeof file === 'string')
}

/** A context that reads other files would not find the cluster that has answered. */
function requireSameFiles(name: string, files: readonly string[], own: readonly string[]): void {
  if (files.length > 0 || own.length === 0) return
  throw new OmniError('CONFLICT', `the context '${name}' has a kubeconfig of its own: ${own.join(', ')}`, {
    hint: `name it: ${own.map((file) => `--kubeconfig ${file}`).join(' ')}; or take another name: --name NAME`,
  })
}

async function openConfig(home: string): Promise<ConfigEditor> {
  const {openConfigText, parseConfig} = await configTools()
  const file = configFileIn(home)
  const text = (await readConfigText(file)) ?? ''
  parseConfig(text, file)
  return openConfigText(text)
}

/** Keys of the context that is written. */
interface ClusterSettings {
  readonly cluster: string
  readonly namespace?: string
  readonly protected?: boolean
  readonly kubernetes?: {readonly kubeconfig: string | readonly string[] | undefined}
}

function settingsOf(context: ClusterContext, {files, namespace, isProtected}: ConnectWishes): ClusterSettings {
  const wanted = namespace ?? context.namespace
  return {
    cluster: context.name,
    ...(wanted === undefined ? {} : {namespace: wanted}),
    ...(isProtected === undefined ? {} : {protected: isProtected}),
    ...(files.length === 0 ? {} : {kubernetes: {kubeconfig: files.length === 1 ? files[0] : files}}),
  }
}

async function chosen(
  contexts: readonly ClusterContext[],
  {context: wanted, takesCurrent}: ConnectWishes,
  choose: Choose,
): Promise<ClusterContext> {
  const names = contexts.map(({name}) => name)
  const find = (name: string): ClusterContext => {
    const found = contexts.find((context) => context.name === name)
    if (found !== undefined) return found
    const message = `the kubeconfig has no context '${name}'${guess(name, names)}`
    throw new OmniError('NOT_FOUND', message, {hint: 'omni cluster connect', details: {contexts: names}})
  }
  if (wanted !== undefined) return find(wanted)
  const [first, ...others] = contexts
  if (first === undefined) throw new OmniError('NOT_FOUND', 'the kubeconfig has no context')
  const current = contexts.find((context) => context.current)
  if (others.length === 0 || (takesCurrent && current !== undefined)) return current ?? first
  if (!takesCurrent && choose !== undefined) return find(await choose(contexts))
  throw new OmniError('USAGE', `the kubeconfig has ${contexts.length} contexts: ${names.join(', ')}`, {
    hint: `omni cluster connect --context ${current?.name ?? first.name}`,
    details: {contexts: names},
  })
}

function nameFor({name}: ClusterContext, wanted: string | undefined): string {
  const problem = contextNameProblem(wanted ?? name)
  if (problem === undefined) return wanted ?? name
  throw new OmniError('USAGE', `the name '${wanted ?? name}' ${problem}`, {hint: 'give it one: --name NAME'})
}
