import {spawn} from 'node:child_process'
import {createHmac} from 'node:crypto'
import {writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import type {NodeInfo, OmniEvent, Release} from '@omni-cli/sdk'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {webPlan, webServer, writeApp} from './app-folder.ts'
import {createHome, OMNI_BIN, omni, omniEnv, removeHome} from './harness.ts'

let home: string
let url: string
beforeAll(async () => {
  home = await createHome()
  const dir = await writeApp(home, 'shop', {
    'omni.yaml': webPlan('    domain: shop.example.com\n'),
    'server.mjs': webServer('one'),
  })
  const up = await omni(['up', dir], {home})
  expect(up.code, up.stderr).toBe(0)
  url = (await json<{url: string}>('server', 'status')).url
})
afterAll(() => removeHome(home))

const run = (...args: string[]) => omni(args, {home})
const json = async <T>(...args: string[]): Promise<T> => JSON.parse((await run(...args, '-o', 'json')).stdout)
const get = (path: string, token: string) =>
  fetch(`${url}/api/v1${path}`, {headers: {authorization: `Bearer ${token}`}})

describe('omni token', () => {
  it('makes one as the guide of Orca writes it: the secret alone is on stdout', async () => {
    const made = await run('token', 'create', '--name', 'gitea-ci', '--role', 'deployer')
    expect(made).toMatchObject({code: 0, stdout: expect.stringMatching(/^[\w-]{43}\n$/)})
    expect(made.stderr).not.toContain(made.stdout.trim())
    expect((await get('/status', made.stdout.trim())).status).toBe(200)
    expect((await get('/tokens', made.stdout.trim())).status).toBe(403)
  })

  it('lists, rotates and revokes', async () => {
    const {token} = await json<{token: string}>('token', 'create', 'ci', '--role', 'viewer', '--expires', '30d')
    const list = await run('token', 'list')
    expect(list.stdout).toMatch(/ci\s+viewer\s+all\s+in 29d/)
    expect(list.stdout).not.toContain(token)
    const fresh = (await run('token', 'rotate', 'ci')).stdout.trim()
    expect([(await get('/status', token)).status, (await get('/status', fresh)).status]).toEqual([401, 200])
    expect((await run('token', 'revoke', 'ci')).code).toBe(0)
    expect((await get('/status', fresh)).status).toBe(401)
    expect((await run('token', 'revoke', 'ci')).code).toBe(4)
  })

  it.each([
    [['--role', 'viewer'], 'one name'],
    [['a', '--name', 'b', '--role', 'viewer'], 'one name'],
    [['a', '--role', 'boss'], 'boss'],
    [['a', '--role', 'viewer', '--expires', 'soon'], 'soon'],
    [['a', '--role', 'viewer', '--expires', '2020-01-01'], '2020-01-01'],
  ])('refuses %j', async (args, text) => {
    expect(await run('token', 'create', ...args)).toMatchObject({code: 2, stderr: expect.stringContaining(text)})
  })
})

describe('a question', () => {
  it.each([
    [['token', 'list'], 'no token'],
    [['webhooks', 'list'], 'no webhook'],
    [['webhooks', 'deliveries', 'web'], 'no push'],
    [['server', 'audit'], 'nothing was changed'],
    [['server', 'certificates'], 'no service has a domain'],
  ])('%j starts no engine', async (args, text) => {
    const empty = await createHome()
    try {
      expect(await omni(args, {home: empty})).toMatchObject({code: 0, stderr: expect.stringContaining(text)})
      expect((await omni(['server', 'status'], {home: empty})).code).toBe(7)
    } finally {
      await removeHome(empty)
    }
  })
})

describe('omni server certificates', () => {
  it('shows each domain, and why one has no certificate', async () => {
    expect(await json('server', 'certificates')).toEqual([
      {host: 'shop.example.com', source: 'none', reason: 'no acme_email is configured'},
    ])
    expect((await run('server', 'certificates')).stdout).toMatch(/shop\.example\.com\s+none\s+.*no acme_email/)
  })
})

describe('omni webhooks', () => {
  const body = JSON.stringify({
    ref: 'refs/heads/main',
    repository: {full_name: 'org/myapp'},
    head_commit: {id: '1a2b3c4d5e6f'},
  })
  const push = (to: string, secret: string) =>
    fetch(to, {
      method: 'POST',
      body,
      headers: {'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`},
    })

  it('adds one as the guide of Orca writes it, and a signed push redeploys', async () => {
    const args = ['webhooks', 'add', '--repo', 'org/myapp', '--service', 'web', '--branch', 'main']
    const hook = await json<{url: string; secret: string}>(...args)

    expect((await push(hook.url, 'guess')).status).toBe(401)
    expect(await (await push(hook.url, hook.secret)).json()).toEqual({deployed: ['web'], errors: []})

    expect((await json<Release[]>('releases', 'web'))[0]).toMatchObject({reason: 'git push 1a2b3c4d', actor: 'github'})
    expect(await json('webhooks', 'deliveries', 'web')).toMatchObject([{commit_sha: '1a2b3c4d', deployed: true}])
    const list = await run('webhooks', 'list', '-o', 'json')
    expect(list.stdout).not.toContain(hook.secret)
    expect(JSON.parse(list.stdout)).toMatchObject([{repo: 'org/myapp', service_name: 'web', branch: 'main'}])
    expect((await run('webhooks', 'remove', 'web')).stdout).toContain('removed 1 webhook')
    expect((await run('webhooks', 'remove', 'web')).code).toBe(4)
  })

  it('takes a secret from a file, and does not print it', async () => {
    const file = join(home, 'secret')
    await writeFile(file, 'from-a-file\n')
    const added = await run(
      'webhooks',
      'add',
      '--repo',
      'org/x',
      '--service',
      'web',
      '--tag',
      'v*',
      '--secret-file',
      file,
    )

    expect(added).toMatchObject({code: 0, stdout: expect.stringContaining('/api/v1/webhooks/github')})
    expect(added.stdout + added.stderr).not.toContain('from-a-file')
    expect(await json('webhooks', 'list')).toMatchObject([{branch: '', tag: 'v*'}])
    await writeFile(file, '\n')
    const args = ['webhooks', 'add', '--repo', 'org/x', '--service', 'web', '--secret-file', file]
    expect((await run(...args)).code).toBe(2)
  })
})

describe('omni node', () => {
  it('drains this machine, which then takes nothing new, and uses it again', async () => {
    const [node] = await json<NodeInfo[]>('node', 'list')
    expect(node).toMatchObject({id: expect.stringMatching(/^\d+$/), draining: false})
    expect(await json('node', 'drain', 'localhost')).toMatchObject({id: node?.id, draining: true})
    const dir = await writeApp(home, 'late', {
      'omni.yaml': webPlan().replaceAll('web', 'late'),
      'server.mjs': webServer('late'),
    })
    const refused = await run('up', dir)
    expect(refused.code).not.toBe(0)
    expect(refused.stderr).toContain(`omni node undrain ${node?.id}`)
    expect((await run('node', 'undrain', node?.id ?? '')).code).toBe(0)
    expect((await run('node', 'drain', 'ghost')).code).toBe(4)
  })
})

describe('omni events', () => {
  it('tells what happened, of one service and of some types', async () => {
    const all = await json<OmniEvent[]>('events')
    expect(all.map(({type}) => type)).toContain('deploy.succeeded')
    const some = await json<OmniEvent[]>('events', 'web', '--type', 'replica.*', '--since', '1h')
    expect(new Set(some.map(({type}) => type.split('.')[0]))).toEqual(new Set(['replica']))
    expect(await json('events', 'ghost')).toEqual([])
    expect((await run('events', '../x')).code).toBe(2)
    expect((await run('events', '--follow', '-o', 'json')).code).toBe(2)
  })

  it('goes on over a restart of the server and misses nothing', async () => {
    const follower = spawn(process.execPath, [OMNI_BIN, 'events', 'web', '--follow', '-o', 'jsonl'], {
      env: omniEnv(home),
    })
    const seen: number[] = []
    let rest = ''
    follower.stdout.on('data', (chunk: Buffer) => {
      const lines = `${rest}${chunk}`.split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) seen.push(JSON.parse(line).id)
    })
    await expect.poll(() => seen.length, {timeout: 10_000}).toBeGreaterThan(0)
    await run('server', 'stop')
    await run('server', 'start')
    expect((await run('restart', 'web')).code).toBe(0)

    const all = await json<OmniEvent[]>('events', 'web')
    await expect.poll(() => seen, {timeout: 10_000}).toEqual(all.map(({id}) => id))
    const ended = new Promise((resolve) => follower.once('close', (code) => resolve(code)))
    follower.kill('SIGINT')
    expect(await ended).toBe(130)
  })
})

it('omni server audit tells who did all that, and no secret', async () => {
  const audit = await run('server', 'audit', '-o', 'json')
  const entries: {actor?: string; route: string; outcome: string}[] = JSON.parse(audit.stdout)

  expect(entries).toContainEqual(
    expect.objectContaining({actor: 'gitea-ci', route: '/api/v1/tokens', outcome: 'refused'}),
  )
  expect(entries).toContainEqual(expect.objectContaining({actor: 'owner', route: '/api/v1/webhooks', outcome: 'ok'}))
  expect(audit.stdout).not.toContain('from-a-file')
  expect((await run('server', 'audit', '--actor', 'gitea-ci', '--since', '1h')).stdout).not.toContain('owner')
})

describe('omni server status, when the server has ended', () => {
  it.each([
    ['keep', 'go on running'],
    ['stop', 'none is served'],
  ])('with --workloads %s tells that services %s', async (workloads, text) => {
    expect((await run('server', 'start')).code).toBe(0)
    expect((await run('server', 'stop', '--workloads', workloads)).code).toBe(0)

    expect(await run('server', 'status')).toMatchObject({code: 7, stdout: expect.stringContaining(text)})
  })
})
