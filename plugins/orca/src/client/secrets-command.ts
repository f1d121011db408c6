import {stat} from 'node:fs/promises'
import {basename, resolve} from 'node:path'
import * as Flags from '@oclif/core/flags'
import {nameProblem, OmniError} from '@omni-cli/sdk'
import type {BaseCommand} from '@omni-cli/sdk/cli'
import {type SecretName, secretLabel} from '../secrets/reference.ts'
import type {SecretsClient} from './secrets.ts'
import {findTarget, openTarget} from './server-target.ts'

/** Whose secret a command is about. */
export const scopeFlags = {
  project: Flags.string({
    char: 'p',
    summary: 'project it belongs to; default: the folder, when it has a service.toml; else it is for all',
    helpValue: 'NAME',
    exclusive: ['global'],
  }),
  global: Flags.boolean({char: 'g', summary: 'for all projects, also in the folder of one'}),
}

export interface ScopeFlags {
  readonly project?: string | undefined
  readonly global?: boolean | undefined
}

/** The project that is meant; undefined for all. Says so when it is the folder that decides. USAGE for what is no name. */
export async function chooseProject(command: BaseCommand, {project, global}: ScopeFlags): Promise<string | undefined> {
  if (global === true) return undefined
  if (project !== undefined) {
    const problem = nameProblem(project)
    if (problem !== undefined) throw new OmniError('USAGE', `--project: ${problem}`)
    return project
  }
  const folder = await stat('service.toml').then(
    () => basename(resolve('.')),
    () => undefined,
  )
  if (folder === undefined) return undefined
  if (nameProblem(folder) !== undefined) {
    throw new OmniError('USAGE', `the folder '${folder}' is no name of a project`, {
      hint: 'add --project NAME or --global',
    })
  }
  command.notice(`project '${folder}', from the folder`)
  return folder
}

/** The secrets of the server that the context means. */
export async function openSecrets(command: BaseCommand): Promise<SecretsClient> {
  const session = await command.session()
  const {createSecretsClient} = await import('./secrets.ts')
  const notice = (text: string) => command.notice(text)
  return createSecretsClient(await openTarget(session, {signal: command.signal, notice}))
}

/** The same for a question; undefined when there is no server and nothing it could tell. */
export async function findSecrets(command: BaseCommand): Promise<SecretsClient | undefined> {
  const notice = (text: string) => command.notice(text)
  const target = await findTarget(await command.session(), {signal: command.signal, notice})
  if (target === undefined) return undefined
  const {createSecretsClient} = await import('./secrets.ts')
  return createSecretsClient(target)
}

/** What was set counts for services when they start. */
export function tellUsers(command: BaseCommand, usedBy: readonly string[]): void {
  if (usedBy.length === 0) return
  const names = usedBy.join(' ')
  command.notice(`in use by ${usedBy.join(', ')}, with the old value until they are restarted: omni restart ${names}`)
}

export const labelsOf = (names: readonly SecretName[]): string => names.map(secretLabel).join(', ')
