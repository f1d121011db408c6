import {type ExecOptions, OmniError, requireFacet} from '@omni-cli/sdk'
import type {View} from '@omni-cli/sdk/cli'
import {type ExecChoice, type ExecSurroundings, execIn, passOn} from '../apps/exec.ts'
import {colourReplica} from '../apps/log-style.ts'
import {answersView, failuresText, gatherFromMany, showFromMany, worstOf} from './exec-many.ts'
import {machineArgv} from './exec-words.ts'
import type {Machine, Workload} from './workload.ts'

export interface ExecRequest {
  readonly program: readonly string[]
  readonly choice: ExecChoice
  readonly around: ExecSurroundings & {readonly isColoured: boolean}
  readonly parallel: number
  /** A remark at the end: which of many failed. */
  readonly notice: (text: string) => void
}

export interface ExecOutcome {
  readonly exitCode: number
  readonly view?: View | undefined
}

/** Runs the program in one of them as if it ran here; USAGE for options that the other kind has not. */
export function execInOne(workload: Workload, {program, choice, around}: ExecRequest): Promise<ExecOutcome> {
  const {driver, name, kind} = workload
  if (program.length === 0) requireShell(workload, choice, around)
  if (kind === 'service') {
    refuse(choice.inside?.user !== undefined, '--user', name, kind)
    refuse(choice.inside?.cwd !== undefined, '--cwd', name, kind)
    refuse(choice.inside?.env !== undefined, '--env', name, kind)
    const argv = program.length === 0 ? SHELL : program
    return execIn(requireFacet(driver, 'exec'), {name, argv}, {choice, around})
  }
  refuse(choice.replica !== undefined, '--replica', name, kind)
  const inside = {...choice.inside, env: {...terminalVariables(choice, around), ...choice.inside?.env}}
  const argv = machineArgv(program)
  return execIn(requireFacet(driver, 'exec'), {name, argv}, {choice: {...choice, inside}, around})
}

/** The best shell there is inside. */
const SHELL: readonly string[] = ['sh', '-c', 'command -v bash >/dev/null 2>&1 && exec bash; exec sh']

/** A shell is for those who sit in front of a terminal; instances have a login shell. */
function requireShell({name, kind}: Workload, {tty, isData}: ExecChoice, {stdin, stdout}: ExecSurroundings): void {
  if (kind === 'instance') {
    throw new OmniError('USAGE', 'name the program to run', {hint: `omni shell ${name}`})
  }
  if (stdin.isTTY === true && stdout.isTTY === true && tty !== false && !isData) return
  throw new OmniError('USAGE', 'name the program to run: a shell needs a terminal', {hint: `omni exec ${name} -- ls`})
}

/** Runs it in all of them at the same time; the exit status is the worst. */
export async function execInAll(workloads: readonly Workload[], request: ExecRequest): Promise<ExecOutcome> {
  const {choice, around, notice} = request
  const machines = workloads.map((workload) => onlyMachine(workload))
  for (const {name} of machines) {
    refuse(choice.tty === true, '--tty', name, 'one of several')
    refuse(choice.stdin, '--stdin', name, 'one of several')
    refuse(choice.replica !== undefined, '--replica', name, 'instance')
  }
  const options = {
    ...{...choice.inside, argv: machineArgv(request.program)},
    ...{parallel: request.parallel, signal: around.signal},
  }
  if (choice.isData) {
    const answers = await gatherFromMany(machines, options)
    return {exitCode: worstOf(answers), view: answersView(answers)}
  }
  const answers = await showFromMany(machines, options, {
    stdout: passOn(around.stdout),
    stderr: passOn(around.stderr),
    isTerminal: {stdout: around.stdout.isTTY === true, stderr: around.stderr.isTTY === true},
    paintName: (name, index) => (around.isColoured ? colourReplica(name, index) : name),
  })
  const failures = failuresText(answers)
  if (failures !== undefined) notice(failures)
  return {exitCode: worstOf(answers)}
}

function onlyMachine(workload: Workload): Machine {
  if (workload.kind === 'instance') return workload
  throw new OmniError('USAGE', `'${workload.name}' is a service; several at a time are for instances`, {
    hint: `omni exec ${workload.name} -- sh`,
  })
}

function refuse(isGiven: boolean, flag: string, name: string, what: string): void {
  if (isGiven)
    throw new OmniError('USAGE', `${flag} cannot be given: '${name}' is ${article(what)}`, {hint: `leave out ${flag}`})
}

const article = (what: string): string => (what === 'instance' ? `an ${what}` : what === 'service' ? `a ${what}` : what)

/** Full-screen programs inside must know what our terminal can do. */
function terminalVariables(
  {tty, isData}: ExecChoice,
  {stdin, stdout}: ExecSurroundings,
): NonNullable<ExecOptions['env']> {
  const hasTerminal = tty !== false && !isData && stdin.isTTY === true && stdout.isTTY === true
  return hasTerminal && process.env.TERM ? {TERM: process.env.TERM} : {}
}
