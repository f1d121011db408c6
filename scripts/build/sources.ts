import {createHash} from 'node:crypto'
import {glob, stat} from 'node:fs/promises'
import {join} from 'node:path'

/** Everything that the build reads. */
const PATTERNS = [
  'src/**/*.ts',
  '{packages,plugins}/*/src/**/*.ts',
  '{packages,plugins}/*/package.json',
  'scripts/build.ts',
  'scripts/build/*.ts',
  'package.json',
  'package-lock.json',
  'tsconfig.base.json',
]

/** What the build writes over tsc's files, and tsc may write over again. */
const PROGRAMS = ['plugins/*/dist/**/main.js']

/** Changes when a source is added, removed or written. */
export const sourcesDigest = (root: string): Promise<string> => digest(root, PATTERNS)

/** Changes when a bundled program is not the one that was built. */
export const programsDigest = (root: string): Promise<string> => digest(root, PROGRAMS)

async function digest(root: string, patterns: readonly string[]): Promise<string> {
  const files = (await Array.fromAsync(glob(patterns, {cwd: root}))).sort()
  const marks = await Promise.all(
    files.map(async (file) => {
      const {mtimeMs, size} = await stat(join(root, file))
      return `${file} ${mtimeMs} ${size}`
    }),
  )
  return createHash('sha256').update(marks.join('\n')).digest('hex')
}
