import {type InstallPlan, type InstallStep, type InstanceProvider, isOmniError, OmniError} from '@omni-cli/sdk'
import type {InstallRunner} from './install-run.ts'
import {commandText, withRoot} from './install-text.ts'

export interface InstallHost {
  /** Shows the commands and asks whether to run them. */
  readonly consent: (plan: InstallPlan, commands: readonly string[]) => Promise<boolean>
  readonly runner: InstallRunner
  readonly isRoot: boolean
  readonly signal?: AbortSignal | undefined
}

export interface InstallOutcome {
  readonly provider: string
  /**
   * `ready`: it answers, nothing was to be done. `installed`: it answers after the commands. `declined`: nothing was run.
   * `by-hand`: there is no way here but by hand, see `remarks`.
   */
  readonly state: 'ready' | 'installed' | 'declined' | 'by-hand'
  /** Commands that were run, as they were shown; with `declined` those that would have been. */
  readonly commands: readonly string[]
  readonly remarks: readonly string[]
}

/** A first plan, one more after the daemon could be asked, and the one that finds nothing missing. */
const ROUNDS = 3

/**
 * Brings the backend of a provider onto this machine when it is not there: the plan of its install facet, shown, agreed to
 * and run. Safe to repeat: what is there is not made again. UNAVAILABLE when it does not answer afterwards.
 */
export async function ensureInstalled(provider: InstanceProvider, host: InstallHost): Promise<InstallOutcome> {
  const {signal} = host
  const outcome = {provider: provider.name, commands: [] as string[], remarks: [] as readonly string[]}
  if (provider.install === undefined) {
    const health = await provider.check({signal})
    if (health.ok) return {...outcome, state: 'ready'}
    return {
      ...outcome,
      state: 'by-hand',
      remarks: [health.message ?? 'it does not answer', health.hint ?? ''].filter(Boolean),
    }
  }
  for (let round = 0; round < ROUNDS; round++) {
    const plan = await planOf(provider, signal)
    if (plan instanceof OmniError) return {...outcome, state: 'by-hand', remarks: [plan.message, plan.hint ?? '']}
    outcome.remarks = plan.remarks
    if (plan.steps.length === 0) break
    const commands = plan.steps.map((step) => commandText(step, host.isRoot))
    if (!(await host.consent(plan, commands))) {
      return {...outcome, state: 'declined', commands: [...outcome.commands, ...commands]}
    }
    await runSteps(plan.steps, host)
    outcome.commands.push(...commands)
  }
  await mustAnswer(provider, outcome.remarks, signal)
  return {...outcome, state: outcome.commands.length === 0 ? 'ready' : 'installed'}
}

/** The host of this process. */
export const installHost = (parts: Omit<InstallHost, 'isRoot'>): InstallHost => ({
  ...parts,
  isRoot: process.getuid?.() === 0,
})

async function planOf(provider: InstanceProvider, signal: AbortSignal | undefined): Promise<InstallPlan | OmniError> {
  try {
    return (await provider.install?.plan({signal})) ?? {isReady: true, steps: [], remarks: []}
  } catch (error) {
    if (isOmniError(error) && error.code === 'UNSUPPORTED') return error
    throw error
  }
}

async function runSteps(steps: readonly InstallStep[], {runner, isRoot, signal}: InstallHost): Promise<void> {
  for (const step of steps) {
    const argv = withRoot(step, isRoot)
    if (step.isDaemon === true) await runner.startDaemon(step.title, argv)
    else await runner.run(step, argv, signal)
  }
}

async function mustAnswer(
  provider: InstanceProvider,
  remarks: readonly string[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const health = await provider.check({signal})
  if (health.ok) return
  const reason = [health.message ?? 'it does not answer', ...remarks].join('\n')
  throw new OmniError('UNAVAILABLE', `'${provider.name}' is installed, but cannot be used yet: ${reason}`, {
    hint: health.hint ?? 'omni provider check',
  })
}
