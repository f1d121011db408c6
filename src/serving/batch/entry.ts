import {guess, nameProblem} from '@omni-cli/sdk'
import type {ServingWish} from '../wish.ts'

/** A value of an entry with where it stands. */
export interface Written<Place> {
  readonly value: unknown
  readonly place: Place
}

/** One model of a batch, before it is checked. `place` is where it begins. */
export interface RawEntry<Place> {
  readonly place: Place
  readonly fields: ReadonlyMap<string, Written<Place>>
}

export interface EntryProblem<Place> {
  readonly place: Place
  readonly message: string
}

type Check = (value: unknown) => string | undefined

const text: Check = (value) => (typeof value === 'string' && value !== '' ? undefined : 'is no text')
const name: Check = (value) => (typeof value === 'string' ? nameProblem(value) : 'is no text')
const truth: Check = (value) => (typeof value === 'boolean' ? undefined : 'is neither true nor false')
const count: Check = (value) =>
  Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 1000 ? undefined : 'is no number from 1 to 1000'
const positive: Check = (value) => (typeof value === 'number' && value > 0 ? undefined : 'is no positive number')
const labels: Check = (value) =>
  typeof value === 'object' && value !== null && Object.values(value).every((one) => typeof one === 'string')
    ? undefined
    : 'is no map of texts'

/** Keys of an entry: the flags of `omni deploy MODEL`. */
const KEYS = {
  ...{model: text, name, namespace: text, runtime: text, accelerator: text, metric: text, query: text},
  ...{replicas: count, 'min-replicas': count, 'max-replicas': count, target: positive},
  ...{autoscale: truth, decoder: truth, labels},
} as const satisfies Record<string, Check>

const isKey = (key: string): key is keyof typeof KEYS => Object.hasOwn(KEYS, key)

/** The wish of an entry, with all of what is wrong in it. A name that is left out is that of the model. */
export function readEntry<Place>(raw: RawEntry<Place>): {
  readonly wish: ServingWish | undefined
  readonly problems: readonly EntryProblem<Place>[]
} {
  const problems: EntryProblem<Place>[] = []
  for (const [key, {value, place}] of raw.fields) {
    if (!isKey(key)) problems.push({place, message: `there is no key '${key}'${guess(key, Object.keys(KEYS))}`})
    else {
      const wrong = KEYS[key](value)
      if (wrong !== undefined) problems.push({place, message: `'${key}': ${JSON.stringify(value)} ${wrong}`})
    }
  }
  const model = raw.fields.get('model')?.value
  if (model === undefined) problems.push({place: raw.place, message: "the entry names no 'model'"})
  const named = raw.fields.get('name')?.value ?? model
  const nameIsOwn = raw.fields.has('name')
  const wrongName = typeof named === 'string' && !nameIsOwn ? nameProblem(named) : undefined
  if (wrongName !== undefined) {
    problems.push({
      place: raw.place,
      message: `'${String(named)}' cannot be the name of a service: ${wrongName}; give a 'name'`,
    })
  }
  if (problems.length > 0) return {wish: undefined, problems}
  return {wish: wishOf(raw.fields, String(model), String(named)), problems}
}

function wishOf(fields: ReadonlyMap<string, Written<unknown>>, model: string, serviceName: string): ServingWish {
  const texts = (key: string) => stringOf(fields.get(key)?.value)
  const numbers = (key: string) => numberOf(fields.get(key)?.value)
  const truths = (key: string) => booleanOf(fields.get(key)?.value)
  return {
    ...{model, name: serviceName, namespace: texts('namespace'), runtime: texts('runtime')},
    ...{accelerator: texts('accelerator'), metric: texts('metric'), query: texts('query'), target: numbers('target')},
    ...{replicas: numbers('replicas'), minReplicas: numbers('min-replicas'), maxReplicas: numbers('max-replicas')},
    ...{autoscale: truths('autoscale'), decoder: truths('decoder'), labels: labelsOf(fields.get('labels')?.value)},
  }
}

const stringOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)
const numberOf = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined)
const booleanOf = (value: unknown): boolean | undefined => (typeof value === 'boolean' ? value : undefined)

function labelsOf(value: unknown): Record<string, string> | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  return Object.fromEntries(Object.entries(value).map(([key, label]) => [key, String(label)]))
}
