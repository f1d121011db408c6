import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import {expandAliases} from '../../src/aliases/expand.ts'
import {joinWords, splitWords} from '../../src/aliases/split.ts'
import {parseAssignment} from '../../src/aliases/store.ts'

describe('words are split as a shell splits them', () => {
  it.each([
    ['a b  c', ['a', 'b', 'c']],
    ['', []],
    ['   ', []],
    [`a 'b c'"d e"f`, ['a', 'b cd ef']],
    [`''`, ['']],
    ['a\\ b', ['a b']],
    [`"a\\"b\\$c\\d"`, ['a"b$c\\d']],
    [`'a\\b'`, ['a\\b']],
    ['$HOME; ls | x `y` *', ['$HOME;', 'ls', '|', 'x', '`y`', '*']],
    ["it's", undefined],
    ['"open', undefined],
    ['end\\', undefined],
  ])('%s', (text, words) => {
    expect(splitWords(text)).toEqual(words)
  })

  it('what was joined splits into the same words', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (words) => {
        expect(splitWords(joinWords(words))).toEqual(words)
      }),
    )
  })
})

describe('aliases', () => {
  const aliases = {
    d: 'deploy --env production',
    deploy: 'deploy --wait',
    one: 'two',
    two: 'one x',
    list: ['logs', 'a b'],
    plugin: 'version',
    __complete: 'version',
    broken: "it's",
  }

  it.each([
    [
      ['d', 'web'],
      ['deploy', '--wait', '--env', 'production', 'web'],
    ],
    [['deploy'], ['deploy', '--wait']],
    [
      ['one', 'y'],
      ['one', 'x', 'y'],
    ],
    [
      ['list', 'z'],
      ['logs', 'a b', 'z'],
    ],
    [
      ['logs', 'd'],
      ['logs', 'd'],
    ],
    [
      ['plugin', 'list'],
      ['plugin', 'list'],
    ],
    [
      ['__complete', 'd'],
      ['__complete', 'd'],
    ],
    [['constructor'], ['constructor']],
    [
      ['--debug', 'd'],
      ['--debug', 'd'],
    ],
    [[], []],
  ])('%j', (argv, expected) => {
    expect(expandAliases(argv, aliases)).toEqual(expected)
  })

  it('one with an open quote tells its name and how to remove it', () => {
    expect(() => expandAliases(['broken'], aliases)).toThrow(
      expect.objectContaining({code: 'CONFIG_INVALID', hint: 'omni alias remove broken'}),
    )
  })

  it.each(['d', '=x', 'D=x', '-rf=x', '__proto__=x', 'a b=x', 'd=', "d=it's", 'plugin=x', 'alias=x', 'd=--json'])(
    'no alias can be made of %j',
    (text) => {
      expect(() => parseAssignment(text)).toThrow(expect.objectContaining({name: 'OmniError'}))
    },
  )
})
