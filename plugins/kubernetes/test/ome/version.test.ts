import {describe, expect, it} from 'vitest'
import {omeSize, parametersOf} from '../../src/ome/size.ts'
import {compareVersions, isServed, parseVersion, type VersionOperator} from '../../src/ome/version.ts'

const version = (text: string) => {
  const parsed = parseVersion(text)
  if (parsed === undefined) throw new Error(`'${text}' is no version`)
  return parsed
}

describe('versions', () => {
  it.each([
    '',
    'V1.0.0',
    '01.0.0',
    '1.02',
    '1.0.x',
    '1..0',
    'latest',
    '1.0.0-',
    '1.0.0.',
    '1.0.0+',
    'vv1',
    '1.0.0-a..b',
  ])("'%s' is refused", (text) => {
    expect(parseVersion(text)).toBeUndefined()
  })

  it.each([
    ['1', {numbers: [1, 0, 0], precision: 1, hasPrefix: false}],
    ['v1.12', {numbers: [1, 12, 0], precision: 2, hasPrefix: true}],
    ['4.47.0.dev0', {numbers: [4, 47, 0], precision: 3, dev: ['dev0']}],
    ['4.51.3-SAM-HQ-preview', {numbers: [4, 51, 3], pre: ['SAM-HQ-preview']}],
    ['1.2.3.dev1.x-rc.1+build.7', {dev: ['dev1', 'x'], pre: ['rc', '1'], build: ['build', '7']}],
  ])('%s is read', (text, parts) => {
    expect(parseVersion(text)).toMatchObject(parts)
  })

  it.each([
    ['1.0.0', '1.0.1', -1],
    ['2.0', '1.9.9', 1],
    ['1.0.0.dev0', '1.0.0', 1],
    ['1.0.0-rc.2', '1.0.0-rc.10', 1],
    ['1.0.0-rc', '1.0.0-rc.1', -1],
    ['1', '1.0.0', 0],
  ])('%s against %s', (left, right, sign) => {
    expect(Math.sign(compareVersions(version(left), version(right)))).toBe(sign)
  })

  it.each<[string, VersionOperator, string, boolean]>([
    ['4.43.0', 'Equal', '4.43.0', true],
    ['4.43.1', 'Equal', '4.43.0', false],
    ['4.44.0', 'GreaterThan', '4.43.0', true],
    ['4.43.0', 'GreaterThan', '4.43.0', false],
    ['4.43.0', 'GreaterThanOrEqual', '4.43.0', true],
    ['4.42.0', 'GreaterThanOrEqual', '4.43.0', false],
    // Never released: only the very same.
    ['4.48.0', 'GreaterThanOrEqual', '4.47.0.dev0', false],
    ['4.48.0.dev0', 'GreaterThan', '4.47.0', false],
    ['4.47.0.dev0', 'GreaterThan', '4.47.0.dev0', true],
    // Another number of parts, another prefix.
    ['4.44', 'GreaterThanOrEqual', '4.43.0', false],
    ['v4.44.0', 'GreaterThanOrEqual', '4.43.0', false],
  ])('a runtime of %s with %s and a model of %s: %s', (runtime, operator, model, served) => {
    expect(isServed(version(runtime), version(model), operator)).toBe(served)
  })
})

describe('sizes', () => {
  it.each([
    ['70.55B', 70.55e9],
    ['340M', 340e6],
    ['1.5T', 1.5e12],
    ['7', 7],
    ['70b', 0],
    ['137K', 0],
    ['', 0],
    [' 7B', 0],
    ['B', 0],
  ])("the operator reads '%s' as %d", (text, value) => {
    expect(omeSize(text)).toBe(value)
  })

  it.each([
    ['70b', 70e9],
    ['137K', 137e3],
    ['539.47M', 539_470_000],
    ['0', undefined],
    ['big', undefined],
    [undefined, undefined],
  ])('a person means with %s %s parameters', (text, value) => {
    expect(parametersOf(text)).toBe(value)
  })
})
