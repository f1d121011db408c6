import {poll} from '@omni-cli/sdk'
import {afterEach, beforeEach, expect, it} from 'vitest'
import {createHome, omni, processesOf, removeHome} from './harness.ts'

let home: string
beforeEach(async () => {
  home = await createHome()
})
afterEach(() => removeHome(home))

it('an engine that ran nothing leaves no process behind', async () => {
  expect((await omni(['server', 'start'], {home})).code).toBe(0)
  expect(await processesOf(home)).not.toEqual([])

  expect((await omni(['server', 'stop'], {home})).code).toBe(0)

  await poll({everyMs: 50, timeoutMs: 5_000}, async () => (await processesOf(home)).length === 0 || undefined)
})
