import * as Errors from '@oclif/core/errors'
import {ERROR_CODES, type ErrorCode, OmniError} from '@omni-cli/sdk'
import {failureOf, failureText, plainPaint} from '@omni-cli/sdk/cli'
import {describe, expect, it} from 'vitest'

const words = {name: 'omni logs', flags: ['--follow', '--tail', '--output']}

describe('every code of the table', () => {
  it.each(Object.entries(ERROR_CODES))('%s ends with its exit status', (code, {exit}) => {
    const error = new OmniError(code as ErrorCode, 'it went wrong', {hint: 'omni fix', details: {a: 1}})
    const failure = failureOf(error, words)

    expect(failure).toEqual({
      exit,
      body: {code, message: 'it went wrong', hint: 'omni fix', details: {a: 1}},
      isSilent: false,
      isBug: false,
    })
  })
})

describe('errors of others', () => {
  const systemError = (code: string) => Object.assign(new Error(`${code}: x`), {code, syscall: 'open', path: '/x/y'})

  it.each([
    ['an aborted signal', AbortSignal.abort().reason, 130, 'ABORTED'],
    ['a command line error of oclif', new Errors.CLIError('Bad words', {exit: 2}), 2, 'USAGE'],
    ['an error of an oclif plugin', new Errors.CLIError('Plugin says no', {exit: 4}), 4, 'FAILED'],
    ['a full disk', systemError('ENOSPC'), 13, 'IO'],
    ['a file of somebody else', systemError('EACCES'), 13, 'IO'],
    ['a file that a programmer forgot', systemError('ENOENT'), 1, 'BUG'],
    ['a mistake', new TypeError('x is not a function'), 1, 'BUG'],
    ['a thrown text', 'just a text', 1, 'BUG'],
    ['nothing at all', undefined, 1, 'BUG'],
  ])('%s', (_, error, exit, code) => {
    expect(failureOf(error, words)).toMatchObject({exit, body: {code}, isBug: code === 'BUG'})
  })

  it('advice of oclif on repeatable flags is left out', () => {
    const advice = 'Note: --label allow multiple values. Because of this you need to provide all arguments before.'
    const error = new Errors.CLIError(`Missing 1 required arg:\nkind  what\n${advice}`, {exit: 2})

    expect(failureOf(error, words).body.message).toBe('missing 1 required arg:\nkind  what')
  })

  it('an asked-for exit prints nothing', () => {
    expect(failureOf(new Errors.ExitError(0), words)).toMatchObject({exit: 0, isSilent: true})
    expect(failureOf(new Errors.ExitError(5), words)).toMatchObject({exit: 5, isSilent: true})
  })

  it('an error of another copy of this package is known by its brand', () => {
    const foreign = Object.assign(new Error('theirs'), {
      [Symbol.for('omni.error')]: true,
      code: 'CONFLICT',
      toJSON: () => ({code: 'CONFLICT', message: 'theirs'}),
    })

    expect(failureOf(foreign, words)).toMatchObject({exit: 5, body: {code: 'CONFLICT'}})
  })
})

describe('what is shown', () => {
  it('is the message, then the hint, safe to print and without secrets', () => {
    const error = new OmniError('UNAVAILABLE', 'no answer from http://me:sekrit@h\u001b[2J\nsecond\tline', {
      hint: 'omni server start',
    })

    expect(failureText(failureOf(error, words), plainPaint)).toBe(
      'error: no answer from http://***@h\\e[2J\n  second\tline\ntry: omni server start\n',
    )
  })

  it('of a bug says how to report it, and its stack when asked for', () => {
    const failure = failureOf(new TypeError('x'), words)

    expect(failureText(failure, plainPaint)).toMatch(/^error: x\nthis is a bug .*--debug.*'omni version'\n$/)
    expect(failureText(failure, plainPaint, 'TypeError: x\n    at y')).toContain('\n    at y\n')
  })

  it('has no secrets in the JSON form either', () => {
    const error = new OmniError('UNAUTHORIZED', 'no', {details: {token: 'abc', url: 'http://a:b@c'}})

    expect(failureOf(error, words).body.details).toEqual({token: '***', url: 'http://***@c'})
  })
})
