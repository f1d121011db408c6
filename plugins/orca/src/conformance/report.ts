import {formatDuration, OmniError, throwIfAborted} from '@omni-cli/sdk'
import {type ItemView, itemView, type ListView, listView, type Progress, type TextLine} from '@omni-cli/sdk/cli'
import type {ConformanceCheck, ConformanceResult} from './check.ts'
import {CONFORMANCE_CHECKS} from './checks.ts'
import {type ConformanceOptions, openSuite} from './run.ts'

/** Exit status of DEGRADED: the question was answered, and the answer is no. */
const BROKEN_EXIT = 9

/** Checks whose group or name has the text, case aside. NOT_FOUND when there is none. */
export function selectChecks(only: string | undefined): readonly ConformanceCheck[] {
  const text = only?.toLowerCase() ?? ''
  const found = CONFORMANCE_CHECKS.filter(({group, name}) => `${group} ${name}`.toLowerCase().includes(text))
  if (found.length > 0) return found
  throw new OmniError('NOT_FOUND', `no check has '${only}' in its group or name`, {
    hint: 'omni conformance orca --list',
  })
}

/** Runs one check after the other: they share one server. */
export async function runChecks(
  checks: readonly ConformanceCheck[],
  options: ConformanceOptions,
  progress: Progress,
): Promise<ConformanceResult[]> {
  const suite = await openSuite(options)
  const results: ConformanceResult[] = []
  try {
    for (const check of checks) {
      throwIfAborted(options.signal)
      const run = async () => {
        const result = await suite.run(check)
        results.push(result)
        return result
      }
      if (suite.missing(check) !== undefined) await run()
      else await progress.step(`${check.group}: ${check.name}`, run)
    }
  } finally {
    await suite.close()
  }
  return results
}

/** What was promised and not kept, in full; the rest as figures. */
export function resultView(results: readonly ConformanceResult[]): ItemView<unknown> {
  const count = (outcome: ConformanceResult['outcome']) => results.filter((result) => result.outcome === outcome).length
  const data = {passed: count('passed'), failed: count('failed'), skipped: count('skipped'), checks: results}
  return itemView({data, text: linesOf, exitCode: data.failed === 0 ? 0 : BROKEN_EXIT})
}

function linesOf({
  passed,
  failed,
  skipped,
  checks,
}: {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
  readonly checks: readonly ConformanceResult[]
}): TextLine[] {
  const tookMs = checks.reduce((sum, {durationMs}) => sum + durationMs, 0)
  const broken = checks.filter(({outcome}) => outcome === 'failed')
  const reasons = new Map<string, number>()
  for (const {reason, outcome} of checks) {
    if (outcome === 'skipped') reasons.set(reason ?? '', (reasons.get(reason ?? '') ?? 0) + 1)
  }
  return [
    ...broken.map(
      ({group, name, reason}): TextLine => [['not kept', 'bad'], `  ${group}: ${name}\n          ${reason ?? ''}`],
    ),
    ...[...reasons].map(([reason, times]): TextLine => [['skipped ', 'dim'], `  ${times}: ${reason}`]),
    `${passed} kept, ${failed} not kept, ${skipped} skipped in ${formatDuration(tookMs)}`,
  ]
}

export const listedView = (checks: readonly ConformanceCheck[]): ListView<ConformanceCheck> =>
  listView({
    rows: checks,
    ref: ({group, name}) => `check/${group}/${name}`,
    data: ({group, name, needs = []}) => ({group, name, needs}),
    empty: 'there are no checks',
    columns: [
      {header: 'GROUP', value: ({group}) => group},
      {header: 'PROMISE', value: ({name}) => name},
      {header: 'NEEDS', value: ({needs = []}) => needs.join(', ')},
    ],
  })
