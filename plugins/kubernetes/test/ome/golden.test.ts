import {readFileSync} from 'node:fs'
import {join} from 'node:path'
import {describe, expect, it} from 'vitest'
import {namedRuntimeError, select} from '../../src/ome/select.ts'
import {selectModel, selectRuntime} from '../../src/ome/shapes.ts'

const fixtures = process.env.OMNI_TEST_FIXTURES

interface Input {
  readonly ClusterRuntimes: readonly {readonly Name: string; readonly Spec: unknown}[]
}

interface Golden {
  readonly model: string
  readonly spec: unknown
  readonly accel?: string
  readonly selected?: string
  readonly score?: number
  readonly autoSelectable: readonly {readonly name: string; readonly score: number}[]
  readonly validate?: Readonly<Record<string, string>>
  readonly error?: string
}

const read = <T>(name: string): T => JSON.parse(readFileSync(join(fixtures ?? '', 'ome-golden', name), 'utf8')) as T

/** Answers of the operator's own code. They need the folder of OMNI_TEST_FIXTURES, and are skipped without it. */
describe.skipIf(fixtures === undefined)('answers of the operator (OMNI_TEST_FIXTURES)', () => {
  const input = fixtures === undefined ? {ClusterRuntimes: []} : read<Input>('runtime-selection-input.json')
  const golden = fixtures === undefined ? [] : read<Golden[]>('runtime-selection.json')
  const runtimes = input.ClusterRuntimes.map(({Name, Spec}) => selectRuntime(Name, undefined, Spec))
  const questionOf = ({model, spec, accel}: Golden) => ({
    ...{model: selectModel(model, spec), runtimes, namespace: 'default'},
    accelerators: accel === undefined ? [] : [accel],
  })

  it('chooses the same runtimes with the same scores in the same order', () => {
    expect(golden.length).toBeGreaterThanOrEqual(119)
    for (const row of golden) {
      const {scored} = select(questionOf(row))

      expect({model: row.model, selected: scored[0]?.runtime.name}).toEqual({model: row.model, selected: row.selected})
      expect(scored[0]?.score).toBe(row.score)
      expect(scored.map(({runtime, score}) => ({name: runtime.name, score}))).toEqual(
        row.autoSelectable.map(({name, score}) => ({name, score})),
      )
    }
  })

  it('fails with the same message and gives the same reasons for the excluded ones', () => {
    for (const row of golden.filter(({error}) => error !== undefined)) {
      const {error, excluded} = select(questionOf(row))
      const [head = '', reasons = ''] = row.error?.split(' Excluded runtimes: ') ?? []

      expect(error?.startsWith(head)).toBe(true)
      // The recorded message was cut off, and the operator lists them in no order.
      for (const reason of reasons.split('); ').slice(0, -1)) {
        expect(excluded.map((one) => `${one.runtime.name} (${one.reason}`)).toContain(reason)
      }
    }
  })

  it('answers the same about runtimes that are named', () => {
    for (const row of golden.filter(({validate}) => validate !== undefined)) {
      for (const [name, answer] of Object.entries(row.validate ?? {})) {
        expect(namedRuntimeError({...questionOf(row), name}) ?? 'ok').toBe(answer)
      }
    }
  })
})
