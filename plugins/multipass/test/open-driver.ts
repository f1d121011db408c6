import {mkdir} from 'node:fs/promises'
import {join} from 'node:path'
import {createHttp, type DriverContext, type InstanceProvider, instanceSpec, silentLogger} from '@omni-cli/sdk'
import {createTempHome} from '@omni-cli/testkit'
import type {MultipassSettings} from '../src/config.ts'
import {createMultipass} from '../src/provider/multipass.ts'
import {type MultipassProgram, makeMultipassProgram} from './program/make-program.ts'
import {programExec} from './program/run-program.ts'
import type {Behaviour} from './program/store.ts'

export interface OpenDriver extends AsyncDisposable {
  readonly provider: InstanceProvider
  readonly program: MultipassProgram
  /** Folder of omni's own files. */
  readonly home: string
  /** Command lines of the program so far. */
  readonly calls: readonly string[][]
  readonly notices: readonly string[]
  /** Another driver on the same machines and the same home, as in another process. */
  again(): Promise<InstanceProvider>
  /** Runs the program by hand. */
  byHand(line: string, input?: string): Promise<{readonly exitCode: number; readonly stdout: string}>
}

/** The driver on a test program of its own. */
export async function openDriver(
  behaviour: Partial<Behaviour> = {},
  settings: MultipassSettings = {},
): Promise<OpenDriver> {
  const folder = await createTempHome()
  const program = await makeMultipassProgram(join(folder.path, 'program'), behaviour)
  const home = join(folder.path, 'home')
  await mkdir(home, {mode: 0o700})
  const exec = programExec(program)
  const notices: string[] = []
  const context: DriverContext = {
    home,
    env: process.env,
    context: 'test',
    namespace: undefined,
    http: createHttp({log: silentLogger}),
    exec,
    log: silentLogger,
    notice: (text) => void notices.push(text),
  }
  const again = () => createMultipass(context, settings)
  const hand = programExec(program)
  return {
    provider: await again(),
    program,
    home,
    calls: exec.calls,
    notices,
    again,
    byHand: (line, input) => hand(['multipass', ...line.split(' ')], {input}),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  }
}

export const vm = (name: string, more: Readonly<Record<string, unknown>> = {}) =>
  instanceSpec.parse({name, type: 'vm', image: 'ubuntu:22.04', ...more})
