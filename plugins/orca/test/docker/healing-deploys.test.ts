import type {ServiceInput} from '@omni-cli/sdk'
import {afterAll, afterEach, beforeAll, describe, expect, it} from 'vitest'
import {alice} from '../server/harness.ts'
import {host, ServerHome} from './server-home.ts'

describe.skipIf(host === undefined)('versions that do not work, on Docker', () => {
  let at: ServerHome
  beforeAll(async () => {
    at = await ServerHome.open({backoffBaseMs: 100, backoffMaxMs: 500})
  })
  afterEach(async () => {
    for (const {name} of await at.control.list()) await at.control.remove(name, {actor: alice, purge: true})
  })
  afterAll(() => at.close())

  const broken: [what: string, change: Partial<ServiceInput>, reason: string, message: RegExp][] = [
    [
      'exits with 0 at once',
      {env: {EXIT: '0'}, image: 'omni-test/busybox:1', command: ['true']},
      'StartFailed',
      /code 0/,
    ],
    ['exits with 3 at once', {env: {EXIT: '3'}}, 'StartFailed', /code 3/],
    ['dies after a while', {env: {EXIT_AFTER_MS: '250'}, port: undefined}, 'StartFailed', /code 1/],
    ['never listens', {env: {BOOT_MS: '60000'}}, 'NotReady', /nothing listens|not ready/],
    ['listens on another port', {env: {WRONG_PORT: '1'}}, 'NotReady', /nothing listens|not ready/],
    ['answers 500', {env: {ERRORS: '1'}, readiness: {path: '/nowhere'}}, 'NotReady', /answered 500/],
    [
      'accepts and is silent',
      {env: {SLOW_MS: '60000'}, readiness: {path: '/', timeout_secs: 0.3}},
      'NotReady',
      /no answer/,
    ],
    ['has no such program', {command: ['/no/such/program']}, 'StartFailed', /no such file|not found/i],
    ['is no image', {image: `omni-test/none-there:${Date.now()}`}, 'ImagePullError', /./],
  ]
  it.each(broken)(
    'a version that %s: the old one serves, and the reason is told',
    async (_, change, reason, message) => {
      await at.deployed(at.spec({env: {VERSION: 'old'}}))
      const {errors} = await at.deploy(at.spec({deploy: {ready_timeout_secs: 2, drain_secs: 1}, ...change}))

      expect(errors).toMatchObject([{code: 'DEPLOY_FAILED', details: {reason}}])
      expect(errors[0]?.message).toMatch(message)
      expect(await at.ask()).toBe('old')
      expect(await at.service()).toMatchObject({status: 'running', runningReplicas: 1, lastFailure: {reason}})
      expect(await at.containers()).toHaveLength(1)
    },
  )

  it('a version that needs long to start is waited for', async () => {
    await at.deployed(at.spec({env: {VERSION: 'old'}}))
    await at.deployed(at.spec({env: {VERSION: 'slow', BOOT_MS: '3000'}}))

    expect(await at.ask()).toBe('slow')
  })

  it('one that ignores SIGTERM is ended after its grace', async () => {
    await at.deployed(at.spec({env: {ON_TERM: 'ignore'}}))
    await at.deployed(at.spec({env: {VERSION: 'two'}}))

    expect(await at.ask()).toBe('two')
    expect(await at.containers()).toHaveLength(1)
  })
})
