import {mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join, resolve} from 'node:path'
import type {ItemView} from '@omni-cli/sdk/cli'
import {describe, expect, test} from 'vitest'
import {draftOf} from '../../src/models/draft.ts'
import {manifestView, testView} from '../../src/models/draft-view.ts'
import {RUNTIME_TEMPLATES, readTemplate} from '../../src/models/template.ts'
import {plain} from './catalog-session.ts'

const root = resolve(import.meta.dirname, '../..')
const words = {name: 'mine', set: []}

describe('create runtime', () => {
  test.each(RUNTIME_TEMPLATES)('the template %s is a whole runtime that is not picked by itself', async (name) => {
    const {kind, spec} = (await readTemplate(name, root)) as {kind: string; spec: Record<string, unknown>}

    expect(kind).toBe('ClusterServingRuntime')
    expect(spec).toMatchObject({
      supportedModelFormats: [{autoSelect: false}],
      engineConfig: {runner: {name: 'ome-container', readinessProbe: {}, startupProbe: {}}},
    })
  })

  test('a template may be a file', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'omni-template-'))
    const file = join(folder, 'own.yaml')
    writeFileSync(file, 'kind: ClusterServingRuntime\nspec: {disabled: true}\n')
    const draft = await draftOf({...words, template: file, architecture: 'Pine'}, root)
    rmSync(folder, {recursive: true})

    expect(draft.from).toEqual({manifest: {kind: 'ClusterServingRuntime', spec: {disabled: true}}})
  })

  test.each([
    [{}, /start from one thing/],
    [{template: 'vllm', from: 'a'}, /start from one thing/],
    [{template: 'vllm'}, /needs --model-arch/],
    [{template: 'vlm', architecture: 'Pine'}, /no template 'vlm'/],
  ])('%j is refused before any cluster is asked', async (more, message) => {
    await expect(draftOf({...words, ...more}, root)).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringMatching(message),
    })
  })

  test('a dry run shows the manifest as data', () => {
    expect(manifestView({kind: 'X'}, 'mine')).toMatchObject({data: {kind: 'X'}, ref: 'runtime/mine'})
  })
})

test('test runtime: one failed check is exit status 9', () => {
  const checks = [
    {name: 'sizes', status: 'ok', message: '60B to 75B'},
    {name: 'image', status: 'failed', message: 'no image', hint: 'omni get runtimes'},
  ] as const
  const view = testView({name: 'one', checks}) as ItemView<unknown>

  expect(view.exitCode).toBe(9)
  expect(plain(view.text(view.data))).toBe('✔ sizes  60B to 75B\n✘ image  no image\n    omni get runtimes')
  expect(testView({name: 'one', checks: [checks[0]]})).toMatchObject({exitCode: undefined})
})
