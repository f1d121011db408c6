import {mkdtemp, readFile, rm} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, afterEach, beforeAll, expect, it} from 'vitest'
import {readServerInfo} from '../../src/client/local-files.ts'
import {startLocalServer} from '../../src/client/local-server.ts'
import {stopServer} from '../../src/client/stop-server.ts'

let home: string
let url: string
let token: string
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'omni-'))
  await startLocalServer({home, listen: '127.0.0.1:0'})
  url = readServerInfo(home)?.url ?? ''
  token = (await readFile(join(home, 'server.token'), 'utf8')).trim()
})
afterEach(() => call('POST', '/api/v1/stop'))
afterAll(async () => {
  await stopServer({home, workloads: 'stop'})
  await rm(home, {recursive: true, force: true, maxRetries: 5})
})

const call = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
  const answer = await fetch(url + path, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : {'content-type': 'application/json'}),
      ...headers,
    },
    ...(body === undefined ? {} : {body: typeof body === 'string' ? body : JSON.stringify(body)}),
  })
  return {status: answer.status, text: await answer.text()}
}
const json = async (...request: Parameters<typeof call>) => JSON.parse((await call(...request)).text)

const program = (script: string) => [process.execPath, '-e', script]
const web = {
  name: 'web',
  port: 3000,
  command: program("console.log('up'); require('http').createServer((q, s) => s.end('hi')).listen(process.env.PORT)"),
  deploy: {drain_secs: 0},
  stop_grace_secs: 1,
}

it('leaves no process of a deploy whose client went away', async () => {
  const leave = new AbortController()
  const never = {...web, name: 'never', command: program('setInterval(() => {}, 1000)')}
  const answer = await fetch(`${url}/api/v1/services`, {
    method: 'POST',
    headers: {authorization: `Bearer ${token}`, 'content-type': 'application/json'},
    body: JSON.stringify(never),
    signal: leave.signal,
  })
  await answer.body?.getReader().read()

  leave.abort()

  const found = async () => (await json('GET', '/api/v1/services')).services[0]
  await expect.poll(async () => (await found())?.status, {timeout: 10_000}).not.toBe('deploying')
  expect(await found()).toMatchObject({status: 'failed', replicas: [], lastFailure: {reason: 'Interrupted'}})
})

it('keeps webhooks and tokens over a restart', async () => {
  await call('POST', '/api/v1/webhooks', {repo: 'acme/web', service_name: 'web', secret: 's3cret'})
  const made = await json('POST', '/api/v1/tokens', {name: 'ci', role: 'viewer'})

  await stopServer({home, workloads: 'keep'})
  await startLocalServer({home, listen: '127.0.0.1:0'})
  url = readServerInfo(home)?.url ?? ''

  expect((await json('GET', '/api/v1/webhooks')).webhooks).toMatchObject([{repo: 'acme/web'}])
  expect((await call('GET', '/api/v1/status', undefined, {authorization: `Bearer ${made.token}`})).status).toBe(200)
})
