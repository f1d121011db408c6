import {glob, readFile} from 'node:fs/promises'
import {join} from 'node:path'

/** Where a file has become more than one idea. Functions are limited by the linter. */
const MAX_LINES = 250

/** Longer ones, each with its reason; nothing goes over 400. */
const REASONS: Readonly<Record<string, string>> = {
  'plugins/orca/src/server/replica.ts':
    'one state machine; its run, its crashes and its probes have files of their own',
}
const MAX_WITH_REASON = 400

export async function longFiles(root: string): Promise<string[]> {
  const patterns = ['src/**/*.ts', '{packages,plugins}/*/src/**/*.ts', 'scripts/**/*.ts', 'bench/**/*.ts', 'bin/*.js']
  const files = await Array.fromAsync(glob(patterns, {cwd: root}))
  const lengths = await Promise.all(
    files.map(async (file) => ({file, lines: (await readFile(join(root, file), 'utf8')).split('\n').length - 1})),
  )
  return lengths
    .filter(({file, lines}) => lines > (file in REASONS ? MAX_WITH_REASON : MAX_LINES))
    .map(({file, lines}) => `${file} has ${lines} lines, at most ${MAX_LINES} without a reason`)
}
