import {expect, it} from 'vitest'
import {engineTable, type TestFile} from '../../scripts/test/engines.ts'

const file = (name: string, ...results: [fullName: string, status: string][]): TestFile => ({
  name: `/root/${name}`,
  assertionResults: results.map(([fullName, status]) => ({fullName, status})),
})

it('an engine is real when one of its tests ran, and skipped when none did', () => {
  const {lines, skipped} = engineTable(
    [
      file('plugins/orca/test/a.test.ts', ['a', 'passed'], ['b', 'failed'], ['c', 'skipped']),
      file('test/e2e/completion.test.ts', ['bash completes x', 'passed'], ['fish completes x', 'skipped']),
      file('packages/testkit/test/memory.test.ts', ['m', 'passed']),
    ],
    '/root',
  )

  const table = lines.map((line) => line.split(/ {2,}/))
  expect(table).toContainEqual(['embedded engine: processes, server, edge', 'real', '2', '1', '2'])
  expect(table).toContainEqual(['instances, services, models (memory drivers)', 'faked', '1', '0', '0'])
  expect(skipped).toEqual(
    expect.arrayContaining(['Docker Engine', 'npm registry (verdaccio on loopback)', 'zsh', 'fish']),
  )
  expect(skipped).not.toContain('bash')
})
