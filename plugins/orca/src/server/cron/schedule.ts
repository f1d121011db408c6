/** When something is to run, in UTC. Days match by day of the month or of the week when both are given, as in crontab. */
export interface Schedule {
  readonly seconds: readonly number[]
  readonly minutes: readonly number[]
  readonly hours: readonly number[]
  isDay(date: Date): boolean
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']

interface Field {
  readonly name: string
  readonly min: number
  readonly max: number
  /** Words for numbers from `min` on. */
  readonly words?: readonly string[]
}

const SECOND: Field = {name: 'second', min: 0, max: 59}
const MINUTE: Field = {name: 'minute', min: 0, max: 59}
const HOUR: Field = {name: 'hour', min: 0, max: 23}
const DAY: Field = {name: 'day of the month', min: 1, max: 31}
const MONTH: Field = {name: 'month', min: 1, max: 12, words: MONTHS}
/** Both 0 and 7 are Sunday. */
const WEEKDAY: Field = {name: 'day of the week', min: 0, max: 7, words: WEEKDAYS}

/**
 * Reads `second minute hour day month weekday`, or the same without the second, which is 0 then. Each is `*`, a number, a
 * name, `a-b`, a list of these, with `/step`. The schedule, or why the text is none.
 */
export function parseSchedule(text: string): Schedule | string {
  const words = text.trim().split(/\s+/)
  if (words.length !== 5 && words.length !== 6) return `it has ${words[0] === '' ? 0 : words.length} fields, not 5 or 6`
  const [second = '', minute = '', hour = '', day = '', month = '', weekday = ''] =
    words.length === 6 ? words : ['0', ...words]
  const fields = [
    [SECOND, second],
    [MINUTE, minute],
    [HOUR, hour],
    [DAY, day],
    [MONTH, month],
    [WEEKDAY, weekday],
  ] as const
  const values: (readonly number[])[] = []
  for (const [field, word] of fields) {
    const read = parseField(field, word)
    if (typeof read === 'string') return read
    values.push(read)
  }
  const [seconds = [], minutes = [], hours = [], days = [], months = [], weekdays = []] = values
  const isDay = dayTest({days, months, weekdays, isAnyDay: isAny(day), isAnyWeekday: isAny(weekday)})
  const schedule = {seconds, minutes, hours, isDay}
  return nextRun(schedule, new Date(0)) === undefined ? 'there is no such day' : schedule
}

const isAny = (word: string): boolean => /^[*?]/.test(word)

interface Days {
  readonly days: readonly number[]
  readonly months: readonly number[]
  readonly weekdays: readonly number[]
  readonly isAnyDay: boolean
  readonly isAnyWeekday: boolean
}

function dayTest({days, months, weekdays, isAnyDay, isAnyWeekday}: Days): Schedule['isDay'] {
  return (date) => {
    if (!months.includes(date.getUTCMonth() + 1)) return false
    const byDay = days.includes(date.getUTCDate())
    const byWeekday = weekdays.some((weekday) => weekday % 7 === date.getUTCDay())
    return isAnyDay || isAnyWeekday ? byDay && byWeekday : byDay || byWeekday
  }
}

/** Sorted, without repeats; or what is wrong. */
function parseField(field: Field, word: string): readonly number[] | string {
  const found = new Set<number>()
  for (const item of word.split(',')) {
    const values = parseItem(field, item.toLowerCase())
    if (values === undefined) return `'${word}' is no ${field.name} (${field.min} to ${field.max})`
    for (const value of values) found.add(value)
  }
  return [...found].sort((a, b) => a - b)
}

function parseItem(field: Field, item: string): number[] | undefined {
  const match = /^(?:[*?]|([a-z]{3}|\d{1,2})(?:-([a-z]{3}|\d{1,2}))?)(?:\/(\d{1,2}))?$/.exec(item)
  if (match === null) return undefined
  const [, low, high, every] = match
  const step = every === undefined ? 1 : Number(every)
  const from = low === undefined ? field.min : numberFor(field, low)
  // `5/15` is every 15 from 5 on.
  const open = low === undefined || (high === undefined && every !== undefined)
  const to = high !== undefined ? numberFor(field, high) : open ? field.max : from
  if (from === undefined || to === undefined || from > to || step < 1) return undefined
  return Array.from({length: Math.floor((to - from) / step) + 1}, (_, index) => from + index * step)
}

function numberFor({min, max, words}: Field, text: string): number | undefined {
  const place = words?.indexOf(text) ?? -1
  const value = place >= 0 ? place + min : /^\d+$/.test(text) ? Number(text) : Number.NaN
  return value >= min && value <= max ? value : undefined
}

const DAY_MS = 86_400_000
/** The longest wait for a 29 February, over a century without one. */
const MOST_DAYS = 366 * 8 + 1

/** The first time after the given one; undefined when there is none. */
export function nextRun({seconds, minutes, hours, isDay}: Schedule, after: Date): Date | undefined {
  const earliest = Math.floor(after.getTime() / 1000) * 1000 + 1000
  const firstDay = Math.floor(earliest / DAY_MS) * DAY_MS
  for (let count = 0; count <= MOST_DAYS; count++) {
    const day = firstDay + count * DAY_MS
    if (!isDay(new Date(day))) continue
    for (const hour of hours) {
      // Whole hours and minutes that are over are not looked into.
      if (day + (hour + 1) * 3_600_000 <= earliest) continue
      for (const minute of minutes) {
        const begin = day + hour * 3_600_000 + minute * 60_000
        if (begin + 60_000 <= earliest) continue
        const second = seconds.find((value) => begin + value * 1000 >= earliest)
        if (second !== undefined) return new Date(begin + second * 1000)
      }
    }
  }
  return undefined
}
