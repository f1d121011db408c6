import {readFile} from 'node:fs/promises'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {expect, test} from 'vitest'

const root = fileURLToPath(new URL('../../..', import.meta.url))

/** Rows of the table: number, file and name of the test. */
async function rows(): Promise<(readonly [number, string, string])[]> {
  const text = await readFile(join(root, 'docs/decisions/yaz-defects.md'), 'utf8')
  return [...text.matchAll(/^\| (\d+) \|.*\| `([^`]+\.test\.ts)`: (.+) \|$/gm)].map(
    ([, number, file = '', name = '']) => [Number(number), file, name] as const,
  )
}

test('each of the twenty defects of YAZ names a test that there is', async () => {
  const found = await rows()
  expect(found.map(([number]) => number)).toEqual(Array.from({length: 20}, (_, index) => index + 1))
  for (const [number, file, name] of found) {
    expect(await readFile(join(root, file), 'utf8'), `defect ${number}`).toContain(name)
  }
})
