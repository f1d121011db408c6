import fc from 'fast-check'
import {parse, stringify} from 'smol-toml'
import {expect, test} from 'vitest'
import {type Place, tomlPlaces} from '../../src/engine/manifest/toml-places.ts'

const key = fc.oneof(
  fc.stringMatching(/^[A-Za-z0-9_-]{1,8}$/),
  fc.string({minLength: 1, maxLength: 6, unit: 'grapheme'}),
)
const {value: tomlValue} = fc.letrec((tie) => ({
  value: fc.oneof(
    {maxDepth: 3},
    fc.string({unit: fc.constantFrom('a', '"', "'", '[', ']', '{', '}', '#', '=', '\\', '\n', ',', ' ')}),
    fc.integer(),
    fc.boolean(),
    fc.array(tie('value'), {maxLength: 3}),
    fc.dictionary(key, tie('value'), {maxKeys: 3, noNullPrototype: true}),
  ),
}))
const table = fc.dictionary(key, tomlValue, {maxKeys: 4, noNullPrototype: true})

/** Every key and index of the value is in the places. */
function check(value: unknown, place: Place | undefined, text: string): void {
  expect(place).toBeDefined()
  if (Array.isArray(value)) {
    value.forEach((item, index) => {
      check(item, place?.children.get(index), text)
    })
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, item] of Object.entries(value)) check(item, place?.children.get(name), text)
  } else if (place?.raw !== undefined) {
    // What stands at the place reads as the value.
    expect(parse(`x = ${text.slice(place.offset, place.offset + place.raw.length)}`).x).toEqual(value)
  } else {
    expect(['"', "'"]).toContain(text[place?.offset ?? -1])
  }
}

test('every key and value of any TOML has a place, and the text there is its own', () => {
  fc.assert(
    fc.property(table, (wanted) => {
      const text = stringify(wanted)
      check(parse(text), tomlPlaces(text), text)
    }),
    {numRuns: 500},
  )
})

test.each<[text: string, path: (string | number)[], found: string]>([
  ['a.b . c = 1', ['a', 'b', 'c'], 'c = 1'],
  ['"a.b".\'c d\' = 1', ['a.b', 'c d'], "'c d' = 1"],
  ['"\\u0061" = 1', ['a'], '"\\u0061" = 1'],
  ['[ x . y ]\nz = 1', ['x', 'y', 'z'], 'z = 1'],
  ['[[x]]\n[[x]]\n[x.y] # ]\nz = 1', ['x', 1, 'y', 'z'], 'z = 1'],
  ['[[x]]\n[[x.y]]\nz = 1\n[[x]]\n[[x.y]]\nz = 2', ['x', 1, 'y', 0, 'z'], 'z = 2'],
  ['x = {y = [1, {z = 2}]}', ['x', 'y', 1, 'z'], 'z = 2}]}'],
  ['x = """a"""""\ny = 1', ['y'], 'y = 1'],
  ["x = '''\n[z]\ny = 2'''\ny = 1", ['y'], 'y = 1'],
  ['x = "a\\"] #"\ny = 1', ['y'], 'y = 1'],
  ['x = [ # [\n  1, # ]\n]\ny = 1979-05-27 07:32:00\nz = 1', ['z'], 'z = 1'],
  ['x = 1 # y = 2\r\n\r\ny = 3', ['y'], 'y = 3'],
])('%s', (text, path, found) => {
  expect(() => parse(text)).not.toThrow()
  let place: Place | undefined = tomlPlaces(text)
  for (const part of path) place = place?.children.get(part)
  expect(text.slice(place?.key)).toBe(found)
})
