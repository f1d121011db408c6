import {readFile} from 'node:fs/promises'
import {OmniError, reasonOf} from '@omni-cli/sdk'
import {type Contribution, configFileIn, configTools, PROVIDER_KEYS, readConfigText} from '@omni-cli/sdk/cli'
import {type InitAnswers, type PartialAnswers, readAnswers} from './answers.ts'
import {contextOf} from './context-of.ts'
import {type ContextChange, contextChange, type WriteContextOptions, writeContext} from './write-context.ts'

export interface InitPlan {
  readonly write: WriteContextOptions
  readonly change: ContextChange
  /** What is recorded for a plugin that is not there yet. */
  readonly remarks: readonly string[]
}

const MAX_ANSWERS_BYTES = 64 * 1024

/** Answers from a YAML or JSON file. */
export async function readAnswersFile(file: string): Promise<PartialAnswers> {
  const {parseConfigValue} = await configTools()
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new OmniError('IO', `cannot read '${file}': ${reasonOf(error)}`, {cause: error})
  })
  if (text.length > MAX_ANSWERS_BYTES) throw new OmniError('USAGE', `'${file}' is too long for a file of answers`)
  return readAnswers(parseConfigValue(text), file)
}

/** What the answers would do. Nothing is written. */
export async function planInit(
  home: string,
  answers: InitAnswers,
  options: {readonly use: boolean; readonly contributions: readonly Contribution[]},
): Promise<InitPlan> {
  const {openConfigText, parseConfig} = await configTools()
  const file = configFileIn(home)
  const text = (await readConfigText(file)) ?? ''
  parseConfig(text, file)
  const write = {name: answers.name, settings: contextOf(answers), use: options.use}
  return {
    write,
    change: contextChange(openConfigText(text), write),
    remarks: remarksOn(write.settings, options.contributions),
  }
}

/** Writes the context. The same answers again change nothing. */
export const runInit = (home: string, plan: InitPlan): Promise<ContextChange> => writeContext(home, plan.write)

/** Settings that no installed plugin reads: they are only recorded, and this says so. */
function remarksOn(settings: Readonly<Record<string, unknown>>, contributions: readonly Contribution[]): string[] {
  const remarks: string[] = []
  const {providers, cluster, hosts} = settings
  for (const [key, id] of Object.entries(typeof providers === 'object' && providers !== null ? providers : {})) {
    const isThere = contributions.some((entry) => PROVIDER_KEYS[entry.kind] === key && entry.id === id)
    if (!isThere) remarks.push(`no installed plugin supplies '${id}' for ${key} yet: omni plugin install ${id}`)
  }
  const hasCluster = contributions.some(({requires}) => requires === 'cluster')
  if (cluster !== undefined && !hasCluster && !remarks.some((remark) => remark.includes("'kubernetes'"))) {
    remarks.push('the cluster is recorded; it is used once a plugin for it is there: omni plugin install kubernetes')
  }
  if (hosts !== undefined) remarks.push('the hosts are recorded; they are checked by the plugin that uses them')
  return remarks
}
