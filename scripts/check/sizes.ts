import {glob, readFile} from 'node:fs/promises'
import {join} from 'node:path'

/** Where a file has become more than one idea. Functions are limited by the linter. */
const MAX_LINES = 250

export async function longFiles(root: string): Promise<string[]> {
  const patterns = ['src/**/*.ts', '{packages,plugins}/*/src/**/*.ts', 'scripts/**/*.ts', 'bench/**/*.ts', 'bin/*.js']
  const files = await Array.fromAsync(glob(patterns, {cwd: root}))
  const lengths = await Promise.all(
    files.map(async (file) => ({file, lines: (await readFile(join(root, file), 'utf8')).split('\n').length - 1})),
  )
  return lengths
    .filter(({lines}) => lines > MAX_LINES)
    .map(({file, lines}) => `${file} has ${lines} lines, at most ${MAX_LINES}`)
}
