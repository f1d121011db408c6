import {describe, expect, it} from 'vitest'
import type {Import} from '../../scripts/check/imports.ts'
import {brokenRules, cycles} from '../../scripts/check/rules.ts'

const imports = (from: string, specifier: string, target?: string): Import => ({
  from,
  specifier,
  target,
  isTypeOnly: false,
})

describe('an import across a border is reported', () => {
  it.each([
    ['packages/sdk/src/errors.ts', '@oclif/core', undefined],
    ['packages/sdk/src/engine/plan.ts', 'listr2', undefined],
    ['packages/sdk/src/io/exec.ts', '../cli/view.ts', 'packages/sdk/src/cli/view.ts'],
    ['packages/sdk/src/engine/plan.ts', '../cli/view.ts', 'packages/sdk/src/cli/view.ts'],
    ['src/apps/up.ts', '@omni-cli/plugin-orca', undefined],
    ['plugins/a/src/index.ts', '@omni-cli/plugin-b', undefined],
    ['plugins/a/src/index.ts', '../../b/src/index.ts', 'plugins/b/src/index.ts'],
    ['src/apps/up.ts', '@omni-cli/sdk/io/exec', undefined],
    ['src/apps/up.ts', '../../packages/sdk/src/errors.ts', 'packages/sdk/src/errors.ts'],
    ['plugins/a/src/client/client.ts', '../server/main.ts', 'plugins/a/src/server/main.ts'],
    ['plugins/a/src/provider/index.ts', '../server/main.ts', 'plugins/a/src/server/main.ts'],
    ['src/commands/up.ts', 'node:fs/promises', undefined],
    ['src/commands/up.ts', 'node:child_process', undefined],
    ['src/apps/up.ts', '../commands/up.ts', 'src/commands/up.ts'],
  ])('%s → %s', (from, specifier, target) => {
    expect(brokenRules([imports(from, specifier, target)])).toHaveLength(1)
  })

  it.each([
    ['packages/sdk/src/cli/command.ts', '@oclif/core', undefined],
    ['packages/sdk/src/cli/command.ts', '../errors.ts', 'packages/sdk/src/errors.ts'],
    ['src/apps/up.ts', '@omni-cli/sdk/cli', undefined],
    ['src/commands/up.ts', '../apps/up.ts', 'src/apps/up.ts'],
    ['plugins/a/src/provider/index.ts', '../client/client.ts', 'plugins/a/src/client/client.ts'],
  ])('%s → %s is fine', (from, specifier, target) => {
    expect(brokenRules([imports(from, specifier, target)])).toEqual([])
  })
})

it('a cycle is reported, one of types alone is not', () => {
  const circle = [
    imports('a.ts', './b.ts', 'b.ts'),
    imports('b.ts', './c.ts', 'c.ts'),
    imports('c.ts', './a.ts', 'a.ts'),
  ]

  expect(cycles(circle)).toEqual(['a.ts → b.ts → c.ts → a.ts'])
  expect(cycles(circle.map((one, index) => ({...one, isTypeOnly: index === 2})))).toEqual([])
})
