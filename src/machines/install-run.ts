import {spawn} from 'node:child_process'
import {closeSync, openSync} from 'node:fs'
import {join} from 'node:path'
import {type Argv, createExec, type InstallStep, type Logger, makePrivateFolder, OmniError, sleep} from '@omni-cli/sdk'
import type {Progress} from '@omni-cli/sdk/cli'

/** Runs the commands of an installation. */
export interface InstallRunner {
  run(step: InstallStep, argv: Argv, signal: AbortSignal | undefined): Promise<void>
  /** It goes on running when we end. */
  startDaemon(title: string, argv: Argv): Promise<void>
}

/** Packages come from far away. */
const STEP_TIMEOUT_MS = 30 * 60_000
/** A daemon that ends within this has not started, in milliseconds. */
const DAEMON_WATCH_MS = 500
const SHOWN_LINES = 20

/** Real processes. Each step shows the last line of its output; a failed one shows the end of it. */
export function createRunner(options: {
  readonly home: string
  readonly log: Logger
  readonly progress: () => Promise<Progress>
}): InstallRunner {
  const exec = createExec({log: options.log})
  return {
    async run({title, input}, argv, signal) {
      const progress = await options.progress()
      await progress.step(title, async (step) => {
        const lines: string[] = []
        const take = (chunk: Buffer) => {
          lines.push(
            ...chunk
              .toString('utf8')
              .split(/[\r\n]+/)
              .filter((line) => line.trim() !== ''),
          )
          lines.splice(0, lines.length - SHOWN_LINES)
          step.note(lines.at(-1) ?? '')
        }
        const {exitCode} = await exec(argv, {input, timeoutMs: STEP_TIMEOUT_MS, signal, onStdout: take, onStderr: take})
        if (exitCode !== 0) throw stepFailed(argv, exitCode, lines)
      })
    },
    async startDaemon(title, argv) {
      const progress = await options.progress()
      await progress.step(title, () => startDaemon(options.home, argv))
    },
  }
}

async function startDaemon(home: string, argv: Argv): Promise<void> {
  const folder = join(home, 'logs')
  makePrivateFolder(home)
  makePrivateFolder(folder)
  const name = argv.find((word) => !word.startsWith('-') && word !== 'sudo') ?? argv[0]
  const log = openSync(join(folder, `${name.split('/').at(-1)}.log`), 'a', 0o600)
  const [program, ...words] = argv
  const {promise, resolve, reject} = Promise.withResolvers<void>()
  const child = spawn(program, words, {detached: true, stdio: ['ignore', log, log]})
  child.once('error', (error) => reject(new OmniError('IO', `cannot run '${program}'`, {cause: error})))
  child.once('exit', (code) => {
    // `sudo -b` ends at once, and well; a daemon itself must not end.
    if (code === 0) resolve()
    else reject(stepFailed(argv, code ?? 1, [`see ${join(folder, `${name.split('/').at(-1)}.log`)}`]))
  })
  try {
    await Promise.race([promise, sleep(DAEMON_WATCH_MS)])
  } finally {
    child.unref()
    closeSync(log)
  }
}

const stepFailed = (argv: Argv, exitCode: number, lines: readonly string[]): OmniError =>
  new OmniError(
    'PARTIAL',
    [`'${argv.join(' ')}' ended with ${exitCode}`, ...lines.map((line) => `│ ${line}`)].join('\n'),
    {
      hint: 'set it right and run omni init again: what is done is not done twice',
      details: {argv, exitCode, lastLines: lines},
    },
  )
