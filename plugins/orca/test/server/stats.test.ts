import {silentLogger} from '@omni-cli/sdk'
import {expect, test} from 'vitest'
import type {InstanceStats} from '../../src/runtimes/runtime.ts'
import {createStatsReader} from '../../src/server/stats.ts'

const figures = new Map<string, InstanceStats>([['a', {cpuPercent: 1, memoryBytes: 2}]])

test('a reading that takes long is not waited for, and shown to who asks when it is there', async () => {
  const {promise, resolve} = Promise.withResolvers<typeof figures>()
  const read = createStatsReader({stats: () => promise}, {maxAgeMs: 60_000, log: silentLogger})

  expect(await read()).toEqual(new Map())
  expect(await read()).toEqual(new Map())
  resolve(figures)
  await promise

  await expect.poll(read).toEqual(figures)
})

test('a reading that fails leaves the figures out', async () => {
  const stats = () => Promise.reject(new Error('away'))

  expect(await createStatsReader({stats}, {maxAgeMs: 0, log: silentLogger})()).toEqual(new Map())
})
