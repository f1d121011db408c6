import {describe, expect, it} from 'vitest'
import {type Advice, advise, decide, limitsOf} from '../../src/server/autoscale/decide.ts'
import {spec} from './harness.ts'

const limits = {min: 1, max: 10, cpuPercent: 70}

describe('what a load asks for', () => {
  it.each([
    ['as aimed at', [70, 70], 0, 2],
    ['a little more is tolerated', [76, 76], 0, 2],
    ['a little less is tolerated', [64, 64], 0, 2],
    ['twice as much', [140, 140], 0, 4],
    ['half as much', [35, 35, 35, 35], 0, 2],
    ['uneven replicas count by their mean', [200, 10], 0, 3],
    ['nothing to do', [0, 0, 0], 0, 1],
    ['more than there may be', [900, 900], 0, 10],
    ['requests that wait use no CPU', [1, 1], 500, 5],
    ['the measure that asks for more wins', [140, 140], 300, 4],
    ['no readings', [], 0, 1],
  ])('%s', (_, cpuPercents, inFlight, expected) => {
    const ready = Math.max(1, cpuPercents.length)
    expect(advise({at: 0, cpuPercents, inFlight, ready}, limits).replicas).toBe(expected)
  })

  it('says by what', () => {
    expect(advise({at: 0, cpuPercents: [139.6], inFlight: 3, ready: 1}, limits).reason).toBe(
      'CPU 140 % of 70 % a replica',
    )
    expect(advise({at: 0, cpuPercents: [1], inFlight: 250, ready: 1}, limits).reason).toBe(
      '250 of 100 requests under way a replica',
    )
  })

  it('fewest wins over nothing to do', () => {
    expect(advise({at: 0, cpuPercents: [0], inFlight: 0, ready: 1}, {...limits, min: 3}).replicas).toBe(3)
  })
})

describe('the decision', () => {
  const patience = {upReadings: 2, downMs: 60_000}
  /** One reading every 5 s. */
  const advices = (...replicas: number[]): Advice[] =>
    replicas.map((count, index) => ({at: index * 5000, replicas: count, reason: String(count)}))

  it.each([
    ['one high reading is not enough', [4], undefined],
    ['two are: what both agree on', [8, 4], 4],
    ['a high one after a low one', [2, 4], undefined],
    ['a low one', [1], undefined],
    ['low ones for less than a minute', Array(12).fill(1), undefined],
    ['low ones for a minute', Array(13).fill(1), 1],
    ['with one of them as now', [1, 1, 2, ...Array(10).fill(1)], undefined],
    ['to the most that was asked for', [...Array(6).fill(1), 2, ...Array(6).fill(1)], 2, 3],
    ['what is long ago does not count', [3, ...Array(13).fill(1)], 1],
  ])('%s', (_, readings, expected, current = 2) => {
    expect(decide(advices(...(readings as number[])), current as number, patience)?.replicas).toBe(expected)
  })
})

describe('limits', () => {
  it.each([
    [{replicas: 'auto'}, {min: 1, max: 10, cpuPercent: 70}],
    [
      {replicas: 'auto', autoscale: {min: 2, max: 4, cpu_percent: 50}},
      {min: 2, max: 4, cpuPercent: 50},
    ],
    [{replicas: 3}, undefined],
  ] as const)('of %j', (change, expected) => expect(limitsOf(spec(change))).toEqual(expected))
})
