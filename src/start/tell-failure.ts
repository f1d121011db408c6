import {failureOf, failureText, paintFor, requestedFormat, toJson} from '@omni-cli/sdk/cli'
import {print} from './print.ts'

/** Tells an error that came before any command ran, in the form of a command's own errors. */
export async function tellFailure(error: unknown, argv: readonly string[]): Promise<void> {
  const failure = failureOf(error, {name: 'omni', flags: []})
  process.exitCode = failure.exit
  const isDebug = argv.includes('--debug') || Boolean(process.env.OMNI_DEBUG)
  const stack = isDebug && error instanceof Error ? error.stack : undefined
  process.stderr.write(failureText(failure, paintFor(process.stderr, process.env, argv.includes('--no-color')), stack))
  const format = requestedFormat(argv, process.env)
  if (format !== undefined && ['json', 'yaml', 'jsonl'].includes(format)) {
    try {
      print(`${toJson({error: failure.body}, 0)}\n`)
    } catch {
      // stdout itself may be what failed; stderr has it.
    }
  }
}
