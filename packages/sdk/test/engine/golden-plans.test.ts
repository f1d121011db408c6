import {readdirSync, readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {expect, test} from 'vitest'
import {planOf, readCase, writeCase} from './golden-case.ts'

const folder = fileURLToPath(new URL('../../../../test/golden/plans', import.meta.url))
const files = readdirSync(folder).filter((name) => name.endsWith('.txt'))

test('there are golden plans', () => {
  expect(files.length).toBeGreaterThanOrEqual(25)
})

test.each(files)('%s', async (name) => {
  const file = join(folder, name)
  const text = readFileSync(file, 'utf8')
  const golden = readCase(text)

  const plan = await planOf(golden)

  if (process.env.UPDATE_GOLDEN === '1') writeFileSync(file, writeCase(text, plan))
  else expect(plan).toBe(golden.plan)
})
