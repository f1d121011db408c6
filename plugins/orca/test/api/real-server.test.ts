import {createHmac} from 'node:crypto'
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
const deploy = (...services: unknown[]) => call('POST', '/api/v1/deploy', {services})
const status = async () => (await json('GET', '/api/v1/status')).services

const program = (script: string) => [process.execPath, '-e', script]
const web = {
  name: 'web',
  port: 3000,
  command: program("console.log('up'); require('http').createServer((q, s) => s.end('hi')).listen(process.env.PORT)"),
  deploy: {drain_secs: 0},
  stop_grace_secs: 1,
}

it('goes the whole way of an Orca client', async () => {
  expect(await deploy(web)).toEqual({status: 200, text: '{"deployed":["web"],"errors":[]}'})
  expect(await status()).toMatchObject([
    {name: 'web', runtime: 'container', desired_replicas: 1, running_replicas: 1, status: 'running', domain: null},
  ])
  expect(await json('POST', '/api/v1/services/web/scale', {replicas: 3})).toEqual({service: 'web', replicas: 3})
  expect(await status()).toMatchObject([{running_replicas: 3}])
  expect((await call('GET', '/api/v1/services/web/logs?tail=1')).text).toBe('up\nup\nup\n')
  expect(await json('POST', '/api/v1/services/web/redeploy')).toEqual({ok: 'redeploy web'})
  expect((await call('GET', '/metrics')).text).toMatch(
    /orca_instances_total\{service="web",project="",status="running"\} 3/,
  )
  expect((await call('POST', '/api/v1/services/web/promote')).text).toContain('no canary instances')
  expect(await json('DELETE', '/api/v1/services/web')).toEqual({ok: 'stop web'})
  expect((await call('DELETE', '/api/v1/services/web')).text).toBe("stop web failed: service 'web' not found")
  expect(await status()).toEqual([])
})

it('deploys in the order of dependencies and says which ones failed', async () => {
  const bad = {name: 'bad', command: program("console.error('no config'); process.exit(3)")}
  const answer = await deploy({...web, name: 'app', depends_on: ['db']}, {...web, name: 'db'}, bad, {name: 'x'})

  const {deployed, errors} = JSON.parse(answer.text)
  expect(answer.status).toBe(206)
  expect(deployed).toEqual(['db', 'app'])
  expect(errors.sort()).toEqual([
    expect.stringMatching(/^bad: .*3/s),
    "x: service 'x' has no image, module, or build config",
  ])
})

it('shows the last lines of a service that does not run', async () => {
  await deploy({name: 'bad', command: program("console.error('no config'); process.exit(3)")})
  expect(await call('GET', '/api/v1/services/bad/logs')).toMatchObject({
    status: 200,
    text: expect.stringContaining('no config'),
  })
})

it('rolls back, and refuses to when there is nothing to go back to', async () => {
  await deploy(web)
  expect((await call('POST', '/api/v1/services/web/rollback')).text).toBe(
    "rollback web failed: no previous deploy for 'web'",
  )
  await deploy({...web, env: {V: '2'}})
  expect(await json('POST', '/api/v1/services/web/rollback')).toEqual({ok: 'rollback web'})
  expect((await json('GET', '/api/v1/services/web')).spec.env).toEqual({})
})

it('survives deploys of one service at once and of many', async () => {
  const twice = await Promise.all([deploy(web), deploy(web)])
  const many = await Promise.all(['a', 'b', 'c', 'd'].map((name) => deploy({...web, name})))

  expect([...twice, ...many].map(({status}) => status)).toEqual([200, 200, 200, 200, 200, 200])
  expect((await status()).map((service: {running_replicas: number}) => service.running_replicas)).toEqual([
    1, 1, 1, 1, 1,
  ])
})

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

it('redeploys on a signed push', async () => {
  await deploy(web)
  await call('POST', '/api/v1/webhooks', {repo: 'acme/web', service_name: 'web', secret: 's3cret'})
  const body = JSON.stringify({ref: 'refs/heads/main', repository: {full_name: 'acme/web'}})
  const signature = `sha256=${createHmac('sha256', 's3cret').update(body).digest('hex')}`

  const push = await call('POST', '/api/v1/webhooks/github', body, {
    'x-hub-signature-256': signature,
    authorization: '',
  })

  expect(push).toEqual({status: 200, text: '{"deployed":["web"],"errors":[]}'})
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
