import {
  type CallOptions,
  type ErrorBody,
  type ExecOptions,
  isAbort,
  isOmniError,
  mapLimit,
  requireFacet,
} from '@omni-cli/sdk'
import {type ListView, listView} from '@omni-cli/sdk/cli'
import {EXEC_FAILED} from '../apps/exec-failure.ts'
import {type GatheredOutput, outputCollector} from '../apps/exec-output.ts'
import {type PrefixedOutput, prefixedOutput} from './prefixed-output.ts'
import type {Machine} from './workload.ts'

export interface ManyExecOptions extends Pick<ExecOptions, 'user' | 'cwd' | 'env'> {
  readonly argv: readonly string[]
  /** How many at the same time. */
  readonly parallel: number
  readonly signal: AbortSignal
}

/** What one of many answered. 125 with an error: the program could not be run there. */
export interface ExecAnswer extends GatheredOutput {
  readonly instance: string
  readonly exitCode: number
  readonly error?: ErrorBody | undefined
}

/** Where the output of many goes. */
export interface ManyOutput {
  readonly stdout: (bytes: Buffer) => Promise<void>
  readonly stderr: (bytes: Buffer) => Promise<void>
  /** Lines are made safe where they are shown on a terminal. */
  readonly isTerminal: {readonly stdout: boolean; readonly stderr: boolean}
  /** Puts the colour of its number on the name of an instance. */
  readonly paintName: (name: string, index: number) => string
}

/** The highest exit status: 0 when all have succeeded. */
export const worstOf = (answers: readonly Pick<ExecAnswer, 'exitCode'>[]): number =>
  Math.max(0, ...answers.map(({exitCode}) => exitCode))

/** Runs a program in all of them and gathers what they answer; one that fails does not keep the others from it. */
export function gatherFromMany(machines: readonly Machine[], options: ManyExecOptions): Promise<ExecAnswer[]> {
  return runInMany(machines, options, async (run) => {
    const {sinks, result} = outputCollector()
    const end = await run(sinks)
    return {...end, ...result()}
  })
}

/** The same, but each line is passed on when it comes, behind the name of its instance. */
export function showFromMany(
  machines: readonly Machine[],
  options: ManyExecOptions,
  output: ManyOutput,
): Promise<ExecAnswer[]> {
  const width = Math.max(0, ...machines.map(({name}) => name.length))
  return runInMany(machines, options, async (run, name, index) => {
    const prefix = `${output.paintName(name.padEnd(width), index)} | `
    const out = prefixedOutput(prefix, output.stdout, {isTerminal: output.isTerminal.stdout})
    const err = prefixedOutput(prefix, output.stderr, {isTerminal: output.isTerminal.stderr})
    const end = await run({onStdout: out.take, onStderr: err.take})
    if (end.error !== undefined) await tellError(err, end.error.message)
    await Promise.all([out.end(), err.end()])
    return {...end, stdout: '', stderr: ''}
  })
}

async function tellError(err: PrefixedOutput, message: string): Promise<void> {
  await err.end()
  await err.take(Buffer.from(`${message}\n`))
}

type End = Pick<ExecAnswer, 'instance' | 'exitCode' | 'error'>
type Run = (sinks: Required<Pick<ExecOptions, 'onStdout' | 'onStderr'>>) => Promise<End>

function runInMany(
  machines: readonly Machine[],
  options: ManyExecOptions,
  work: (run: Run, name: string, index: number) => Promise<ExecAnswer>,
): Promise<ExecAnswer[]> {
  const ending = new AbortController()
  const signal = AbortSignal.any([options.signal, ending.signal])
  return mapLimit(machines, options.parallel, async (machine, index) => {
    try {
      return await work((sinks) => runInOne(machine, {...options, ...sinks, signal}), machine.name, index)
    } catch (error) {
      ending.abort(error)
      throw error
    }
  })
}

async function runInOne(
  {name, driver}: Machine,
  {argv, parallel: _, ...options}: ManyExecOptions & CallOptions,
): Promise<End> {
  try {
    const {exitCode} = await requireFacet(driver, 'exec').run(name, argv, options)
    return {instance: name, exitCode}
  } catch (error) {
    // Only what the machine itself refuses is its answer; a closed stdout and Ctrl-C end all of them.
    if (!isOmniError(error) || isAbort(error) || error.code === 'IO') throw error
    return {instance: name, exitCode: EXEC_FAILED, error: error.toJSON()}
  }
}

/** `-o json`: an array of the answers. */
export const answersView = (answers: readonly ExecAnswer[]): ListView<ExecAnswer> =>
  listView({rows: answers, ref: ({instance}) => `instance/${instance}`, columns: [], empty: 'there are no instances'})

/** `2 of 50 failed: worker-3 (1), worker-7 (125)`; nothing when all have succeeded. */
export function failuresText(answers: readonly ExecAnswer[]): string | undefined {
  const failed = answers.filter(({exitCode}) => exitCode !== 0)
  if (failed.length === 0) return undefined
  const some = failed.slice(0, 10).map(({instance, exitCode}) => `${instance} (${exitCode})`)
  const more = failed.length > some.length ? ` and ${failed.length - some.length} more` : ''
  return `${failed.length} of ${answers.length} failed: ${some.join(', ')}${more}`
}
