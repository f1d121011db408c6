import {glob, readFile} from 'node:fs/promises'
import {dirname, join, relative, resolve} from 'node:path'

/** One `import` or `export … from` of a file. */
export interface Import {
  /** Relative to the root. */
  readonly from: string
  /** As written. */
  readonly specifier: string
  /** Relative to the root, for a relative import. */
  readonly target: string | undefined
  readonly isTypeOnly: boolean
}

const STATEMENT = /^\s*(?:import|export)\s+(type\s)?(?:[\w*\s{},$]+?\sfrom\s+)?['"]([^'"]+)['"]/gm
const DYNAMIC = /\bimport\(\s*['"]([^'"]+)['"]\s*\)/g

/** Every import of the sources, static and dynamic. */
export async function readImports(root: string): Promise<Import[]> {
  const files = await Array.fromAsync(glob(['src/**/*.ts', '{packages,plugins}/*/src/**/*.ts'], {cwd: root}))
  const found = await Promise.all(
    files.map(async (from) => {
      const text = await readFile(join(root, from), 'utf8')
      const statements = [...text.matchAll(STATEMENT)].map(([, type, specifier = '']) => ({
        specifier,
        isTypeOnly: type !== undefined,
      }))
      const dynamic = [...text.matchAll(DYNAMIC)].map(([, specifier = '']) => ({specifier, isTypeOnly: false}))
      return [...statements, ...dynamic].map(({specifier, isTypeOnly}) => {
        const target = specifier.startsWith('.') ? relative(root, resolve(root, dirname(from), specifier)) : undefined
        return {from, specifier, target, isTypeOnly}
      })
    }),
  )
  return found.flat()
}
