import type {Service} from '@omni-cli/sdk'
import {afterEach, beforeEach, expect, it} from 'vitest'
import {serveApi} from './serve.ts'

let api: Awaited<ReturnType<typeof serveApi>>
beforeEach(async () => {
  api = await serveApi()
  await api.call('POST', '/api/v1/deploy', {body: {services: [{name: 'web', command: 'x'}]}})
  api.control.lines.push({time: '2026-01-01T00:00:00.000Z', stream: 'stdout', replica: 'web-0', text: 'last words'})
})
afterEach(() => api.close())

function change(fields: Partial<Service>): void {
  const service = api.control.services.get('web')
  if (service === undefined) throw new Error('there is no service')
  api.control.services.set('web', {...service, ...fields})
}

const at = '2026-01-01T00:00:01.000Z'
const replica = {name: 'web-0', index: 0, status: 'backoff', release: 'r1', restarts: 3} as const
const failure = {restarts: 3, at, lastLines: []}
const text = async (query = '?tail=50') => (await api.call('GET', `/api/v1/services/web/logs${query}`)).text

it('the logs of a service that does not run as wanted end with the reason', async () => {
  const exit = {code: 137, at, oomKilled: true}
  const message = 'was killed: it used more memory than its limit'
  change({
    status: 'failed',
    replicas: [{...replica, lastExit: exit}],
    lastFailure: {...failure, reason: 'CrashLoopBackOff', message, exit},
  })

  expect(await text()).toBe(`last words\nOOMKilled: web-0 ${message}\n`)
})

it('a replica that was killed for its memory is told of while it runs again', async () => {
  change({replicas: [{...replica, status: 'ready', lastExit: {code: 137, at, oomKilled: true}}]})
  expect(await text()).toBe('last words\nOOMKilled: web-0 was killed: it used more memory than its limit\n')
})

it('the reason is named after the service where no replica can be told', async () => {
  change({status: 'degraded', lastFailure: {...failure, reason: 'CrashLoopBackOff', message: 'exited with\ncode 1'}})
  expect(await text()).toBe('last words\nCrashLoopBackOff: web exited with code 1\n')
})

it('those of a service that runs, of one replica, and as data, are its own lines alone', async () => {
  const lastFailure = {...failure, reason: 'NotReady', message: 'is late'}
  change({lastFailure})
  expect(await text()).toBe('last words\n')
  change({status: 'failed'})
  expect(await text('?replica=web-0')).toBe('last words\n')
  const data = await api.call('GET', '/api/v1/services/web/logs', {headers: {accept: 'application/x-ndjson'}})
  expect(data.text.trim().split('\n')).toHaveLength(1)
})

it('the files behind the logs are told, where there are some', async () => {
  const files = [{replica: 'web-0', path: '/var/log/web-0.log', format: 'omni'}]
  expect((await api.call('GET', '/api/v1/services/web/log-sources')).json).toEqual({files: []})
  Object.assign(api.control, {logFiles: async () => files})

  const answer = await api.call('GET', '/api/v1/services/web/log-sources', {token: api.tokenOf('viewer')})
  expect(answer.json).toEqual({files})
  expect((await api.call('GET', '/api/v1/services/ghost/log-sources')).status).toBe(404)
})
