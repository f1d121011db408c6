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

/** Changes when a source is added, removed or written. */
export async function sourcesDigest(root: string): Promise<string> {
  const files = (await Array.fromAsync(glob(PATTERNS, {cwd: root}))).sort()
  const marks = await Promise.all(
    files.map(async (file) => {
      const {mtimeMs, size} = await stat(join(root, file))
      return `${file} ${mtimeMs} ${size}`
    }),
  )
  return createHash('sha256').update(marks.join('\n')).digest('hex')
}
