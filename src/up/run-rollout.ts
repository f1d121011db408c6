import type {BaseCommand, View} from '@omni-cli/sdk/cli'
import type {Manifest, Plan} from '@omni-cli/sdk/engine'
import {planView} from '../apply/plan-view.ts'
import {rollOut} from './rollout.ts'
import {rolloutView} from './rollout-view.ts'

export interface RunRolloutOptions {
  readonly command: string
  /** `production` asks, showing what will change. */
  readonly env: string | undefined
  readonly yes: boolean
  readonly dryRun: boolean
  readonly extraFiles?: Readonly<Record<string, Buffer>> | undefined
}

/** The part that `up` and `deploy` share: from a manifest to what the user sees at the end. */
export async function runRollout(
  command: BaseCommand,
  manifest: Manifest,
  options: RunRolloutOptions,
): Promise<View | undefined> {
  const started = performance.now()
  for (const {file, line, message} of manifest.warnings) command.notice(`${file}:${line}: ${message}`)
  const asks = options.env === 'production' && !options.yes
  const rollout = await rollOut(manifest, {
    session: await command.session(),
    progress: () => command.progress(),
    signal: command.signal,
    notice: (text) => command.notice(text),
    command: options.command,
    extraFiles: options.extraFiles,
    dryRun: options.dryRun,
    confirm: asks ? (plan) => confirmProduction(command, plan) : undefined,
  })
  if (options.dryRun) return planView(rollout.plan)
  if (!rollout.isDeclined) return rolloutView(rollout, performance.now() - started)
  command.notice('nothing was changed')
  return undefined
}

/** Names what will change before it asks; without a terminal the question is an error that says so. */
async function confirmProduction(command: BaseCommand, plan: Plan): Promise<boolean> {
  const changing = plan.operations.filter(({action}) => action !== 'keep')
  if (command.format === 'table' || command.format === 'wide') await command.show(planView(plan))
  const names = changing.map(({action, ref}) => `${action} ${ref}`).join(', ')
  return command.confirm(`change production: ${names}?`, {yes: false})
}
