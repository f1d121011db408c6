import {execFileSync} from 'node:child_process'
import {readFile} from 'node:fs/promises'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {createTempHome} from '@omni-cli/testkit'
import {expect, test} from 'vitest'
import {writeMakefile} from '../../src/init/makefile.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

const TARGETS = {
  'incus.init': ['omni init --instances auto'],
  'env.apply': ['omni apply plans/shop.yaml'],
  'env.destroy': ['omni destroy --plan plans/shop.yaml'],
  'env.status': ['omni status'],
  'env.health': ['omni health --plan plans/shop.yaml'],
  'env.snapshot': ['omni snapshot -l omni.plan=shop'],
  'env.start': ['omni start instances -l omni.plan=shop'],
  'env.stop': ['omni stop instances -l omni.plan=shop'],
  'env.logs': ['omni logs instances -l omni.plan=shop --tail 100'],
}

test('the Makefile has the targets of old, each one command', async () => {
  await using folder = await createTempHome()
  const file = await writeMakefile(folder.path, ROOT)
  expect(file).toBe(join(folder.path, 'Makefile'))
  for (const [target, lines] of Object.entries(TARGETS)) {
    const shown = execFileSync('make', ['-n', '-f', file, target, 'PLAN=plans/shop.yaml'], {encoding: 'utf8'})
    expect(shown.trim().split('\n'), target).toEqual(lines)
  }
})

test('a Makefile that is there is nobody’s to overwrite', async () => {
  await using folder = await createTempHome()
  const file = await writeMakefile(folder.path, ROOT)
  const before = await readFile(file, 'utf8')
  await expect(writeMakefile(folder.path, ROOT)).rejects.toMatchObject({code: 'CONFLICT'})
  expect(await readFile(file, 'utf8')).toBe(before)
})
