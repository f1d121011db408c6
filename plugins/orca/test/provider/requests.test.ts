import {describe, expect, it} from 'vitest'
import {failureOf} from '../../src/client/failure.ts'
import {linesOf} from '../../src/client/lines.ts'
import * as requests from '../../src/client/requests.ts'

describe('requests', () => {
  it.each([
    [requests.getService('../x'), 'GET', '/api/v1/services/..%2Fx'],
    [requests.listServices('a b'), 'GET', '/api/v1/services?project=a+b'],
    [requests.listServices(), 'GET', '/api/v1/services'],
    [requests.removeService('web', true), 'DELETE', '/api/v1/services/web?forget=true&purge=true'],
    [requests.logs('web', {tail: 5, follow: true}), 'GET', '/api/v1/services/web/logs?tail=5&follow=true'],
    [requests.events({since: 0}), 'GET', '/api/v1/events?since=0&follow=false'],
    [requests.shutdown('keep'), 'POST', '/api/v1/shutdown?workloads=keep'],
  ])('%#', (request, method, path) => expect(request).toMatchObject({method, path}))
})

describe('failures', () => {
  it.each([
    [401, 'missing bearer token', 'UNAUTHORIZED'],
    [403, "role '\"viewer\"' may not perform 'deploy' on this route", 'UNAUTHORIZED'],
    [404, "service 'x' not found", 'NOT_FOUND'],
    [500, "scale failed: service 'x' not found", 'NOT_FOUND'],
    [500, "rollback x failed: no previous deploy for 'x'", 'NOT_FOUND'],
    [422, 'Failed to deserialize', 'MANIFEST_INVALID'],
    [501, 'no', 'UNSUPPORTED'],
    [503, '', 'UNAVAILABLE'],
    [502, '<html>', 'UNAVAILABLE'],
  ])('%i %s → %s', (status, text, code) => expect(failureOf({status, text}).code).toBe(code))

  it('keep code, hint and details of our own form', () => {
    const error = {code: 'LOCKED', message: 'busy', hint: 'wait', details: {by: 'x'}}
    expect(failureOf({status: 423, text: JSON.stringify({error})}).toJSON()).toEqual(error)
  })

  it('with a code that nobody knows are faults of the server', () => {
    const text = JSON.stringify({error: {code: '__proto__', message: 'odd'}})
    expect(failureOf({status: 500, text})).toMatchObject({code: 'UNAVAILABLE', message: 'odd'})
  })
})

it('lines survive any cut of the bytes', async () => {
  const bytes = Buffer.from('ä\n\nb€\nlast')
  for (let size = 1; size <= bytes.length; size++) {
    const chunks = async function* () {
      for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
    }
    expect(await Array.fromAsync(linesOf(chunks()))).toEqual(['ä', 'b€', 'last'])
  }
})
