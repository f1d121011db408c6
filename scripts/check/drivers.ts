import {glob, readFile} from 'node:fs/promises'
import {join} from 'node:path'
import {findEntries} from '../build/packages.ts'

/** Core sources that compare with the id of a driver. The list of drivers is in package.json files alone. */
export async function namedDrivers(root: string): Promise<string[]> {
  const {providers} = await findEntries(root)
  const ids = providers.map(({block}) => block.id)
  const named = new RegExp(`(===|!==|case)\\s*'(${ids.join('|')})'`)
  const files = await Array.fromAsync(glob(['src/**/*.ts', 'packages/*/src/**/*.ts'], {cwd: root}))
  const found = await Promise.all(
    files.map(async (file) => {
      const name = named.exec(await readFile(join(root, file), 'utf8'))?.[2]
      return name === undefined
        ? []
        : [`${file} decides by the name of the driver '${name}': ask for a facet or a trait`]
    }),
  )
  return found.flat()
}
