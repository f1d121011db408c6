import {describe, expect, it} from 'vitest'
import {nextRun, parseSchedule} from '../../src/server/cron/schedule.ts'
import {nextRunOf, triggerProblems, triggerWarnings} from '../../src/server/cron/triggers.ts'
import {spec} from './harness.ts'

const next = (text: string, after: string): string | undefined => {
  const schedule = parseSchedule(text)
  if (typeof schedule === 'string') throw new Error(schedule)
  return nextRun(schedule, new Date(after))?.toISOString()
}

describe('the next run of a schedule', () => {
  it.each([
    ['0 0 2 * * *', '2026-03-01T01:59:59.500Z', '2026-03-01T02:00:00.000Z'],
    ['0 0 2 * * *', '2026-03-01T02:00:00.000Z', '2026-03-02T02:00:00.000Z'],
    ['0 2 * * *', '2026-03-01T02:00:00.000Z', '2026-03-02T02:00:00.000Z'],
    ['* * * * * *', '2026-12-31T23:59:59.999Z', '2027-01-01T00:00:00.000Z'],
    ['*/15 * * * * *', '2026-03-01T00:00:01Z', '2026-03-01T00:00:15.000Z'],
    ['5/20 * * * * *', '2026-03-01T00:00:26Z', '2026-03-01T00:00:45.000Z'],
    ['0 30 8-17/4 * * mon-fri', '2026-11-20T16:31:00Z', '2026-11-23T08:30:00.000Z'],
    ['0 0 0 1 jan,jul *', '2026-02-01T00:00:00Z', '2026-07-01T00:00:00.000Z'],
    ['0 0 0 29 2 *', '2026-03-01T00:00:00Z', '2028-02-29T00:00:00.000Z'],
    ['0 0 0 29 2 *', '2096-03-01T00:00:00Z', '2104-02-29T00:00:00.000Z'],
    ['0 0 0 31 * *', '2026-04-01T00:00:00Z', '2026-05-31T00:00:00.000Z'],
    ['0 0 0 * * 0', '2026-11-21T00:00:00Z', '2026-11-22T00:00:00.000Z'],
    ['0 0 0 ? * 7', '2026-11-21T00:00:00Z', '2026-11-22T00:00:00.000Z'],
    // The first of the month, or a Monday.
    ['0 0 0 1 * mon', '2026-11-21T00:00:00Z', '2026-11-23T00:00:00.000Z'],
    ['0 0 0 1 * mon', '2026-11-30T12:00:00Z', '2026-12-01T00:00:00.000Z'],
  ])('%s after %s', (text, after, expected) => expect(next(text, after)).toBe(expected))

  it('is later, matches, and nothing in between does', () => {
    for (const text of ['*/7 3-5 * * * *', '10,50 * 1,2 * * *', '0 */9 */5 */3 * *', '1 2 3 * * tue,thu']) {
      for (let count = 0; count < 50; count++) {
        const after = new Date(1_700_000_000_000 + count * 7_777_777_777)
        const found = Date.parse(next(text, after.toISOString()) ?? '')
        expect(found).toBeGreaterThan(after.getTime())
        // From one second before, it is the same; from itself, it is a later one.
        expect(next(text, new Date(found - 1).toISOString())).toBe(new Date(found).toISOString())
        expect(Date.parse(next(text, new Date(found).toISOString()) ?? '')).toBeGreaterThan(found)
        const middle = new Date((found + after.getTime()) / 2)
        expect(next(text, middle.toISOString())).toBe(new Date(found).toISOString())
      }
    }
  })
})

describe('what is no schedule', () => {
  it.each([
    ['not a cron', '3 fields'],
    ['', '0 fields'],
    ['* * * *', '4 fields'],
    ['60 * * * * *', "'60' is no second"],
    ['0 60 * * * *', "'60' is no minute"],
    ['0 0 24 * * *', "'24' is no hour"],
    ['0 0 0 0 * *', "'0' is no day of the month"],
    ['0 0 0 * 13 *', "'13' is no month"],
    ['0 0 0 * * 8', "'8' is no day of the week"],
    ['0 0 0 * * xyz', "'xyz' is no day of the week"],
    ['5-1 * * * * *', "'5-1' is no second"],
    ['*/0 * * * * *', "'*/0' is no second"],
    ['1,,2 * * * * *', "'1,,2' is no second"],
    ['-1 * * * * *', "'-1' is no second"],
    ['0 0 0 31 2 *', 'there is no such day'],
  ])('%j', (text, expected) => expect(parseSchedule(text)).toContain(expected))
})

describe('triggers', () => {
  it('the first of several counts', () => {
    const triggers = ['cron: 0 0 5 * * *', 'cron: 0 0 3 * * *', 'http:/x']
    expect(nextRunOf({triggers}, new Date('2026-01-01T00:00:00Z'))?.toISOString()).toBe('2026-01-01T03:00:00.000Z')
    expect(nextRunOf({triggers: []}, new Date())).toBeUndefined()
  })

  it.each([
    [{triggers: ['cron: nonsense']}, "trigger 'cron: nonsense': it has 1 fields, not 5 or 6"],
    [{triggers: ['cron: * * * * *'], replicas: 3}, 'one at a time'],
    [{triggers: ['cron: * * * * *'], replicas: 'auto'}, "cannot be 'auto'"],
  ] as const)('problems of %j', (change, expected) => {
    expect(triggerProblems(spec({...change, triggers: [...change.triggers]})).join()).toContain(expected)
  })

  it('those for WebAssembly are named', () => {
    expect(triggerWarnings(spec({triggers: ['http:/x', 'cron: * * * * *']}))).toEqual([
      "the trigger 'http:/x' is ignored: it is for WebAssembly; cron triggers run anything",
    ])
  })
})
