import {createHmac} from 'node:crypto'
import {mkdir, writeFile} from 'node:fs/promises'
import {dirname, join} from 'node:path'
import {poll} from '@omni-cli/sdk'
import {afterAll, beforeAll, expect, it, vi} from 'vitest'
import {createHome, omni, removeHome, run} from '../harness.ts'

// What the guide for operators and programs tells them to write and type, as it stands there. On the Engine of the tests
// `nginx:alpine`, `myorg/myapp:latest` and `myapp:v2` are names of images of ours: no registry is asked.
const host = process.env.OMNI_TEST_DOCKER_HOST
const env = {DOCKER_HOST: host, HOSTNAME: 'worker-1'}

let home: string
let url: string
let token: string
const cli = (...args: string[]) => omni(args, {home, env, cwd: join(home, 'orca'), timeoutMs: 120_000})
const docker = (...args: string[]) => run(['docker', ...args], {home, env})

/** Ids of what runs. */
const containersOf = async (service: string): Promise<string[]> =>
  (await docker('ps', '-q', '--filter', `label=omni.service=${service}`)).stdout.trim().split('\n')

const call = async (method: string, path: string, body?: unknown, bearer: string | undefined = token) => {
  const answer = await fetch(url + path, {
    method,
    headers: {
      ...(bearer === undefined ? {} : {authorization: `Bearer ${bearer}`}),
      ...(body === undefined ? {} : {'content-type': 'application/json'}),
    },
    ...(body === undefined ? {} : {body: JSON.stringify(body)}),
  })
  const text = await answer.text()
  return {status: answer.status, text, json: () => JSON.parse(text)}
}

const write = async (path: string, text: string): Promise<void> => {
  const file = join(home, 'orca', path)
  await mkdir(dirname(file), {recursive: true})
  await writeFile(file, text, {mode: 0o600})
}

/** An answer for a domain through the proxy; its address is in the endpoints of any service that has a domain. */
const visit = async (domain: string, path = '/') => {
  const services = (await call('GET', '/api/v1/services')).json().services as {
    endpoints: {url: string; via: string}[]
  }[]
  const endpoint = services.flatMap(({endpoints}) => endpoints).find(({via}) => via === 'domain')
  const {port} = new URL(endpoint?.url ?? '')
  return run(['curl', '-sS', '-o', '-', '-H', `Host: ${domain}`, `http://127.0.0.1:${port}${path}`], {home})
}

/** The guide's loop: twelve looks, five seconds apart; ours looks more often. */
const waitUntilRunning = (name: string) =>
  poll({everyMs: 250, timeoutMs: 60_000}, async () => {
    const {services} = (await call('GET', '/api/v1/status')).json()
    return services.find((service: {name: string}) => service.name === name)?.status === 'running'
  })

const CLUSTER = `# cluster.toml
[cluster]
name = "lab"

[[token]]
name = "sharang"
value = "abc123-of-the-administrator"
role = "admin"

[[token]]
name = "gitea-ci"
value = "def456-of-the-pipeline"
role = "deployer"

[[token]]
name = "grafana"
value = "ghi789-of-the-dashboard"
role = "viewer"
`

const MY_APP = `[[service]]
name = "my-app"
image = "myorg/myapp:latest"
replicas = 2
port = 8080
domain = "app.example.com"
health = "/healthz"
internal = true

[service.env]
DATABASE_URL = "\${secrets.DB_URL}"

[service.resources]
memory = "512Mi"
cpu = 1.0

[service.placement]
node = "worker-1"

[service.readiness]
path = "/ready"
interval_secs = 5
timeout_secs = 3
failure_threshold = 3
initial_delay_secs = 1

[service.liveness]
path = "/healthz"
interval_secs = 10
timeout_secs = 3
failure_threshold = 3
`

vi.setConfig({testTimeout: 120_000, hookTimeout: 180_000})
const guide = it.skipIf(host === undefined)

beforeAll(async () => {
  if (host === undefined) return
  home = await createHome()
  for (const name of ['myorg/myapp:latest', 'myapp:v1', 'myapp:v2']) await docker('tag', 'omni-test/app:1', name)
  await docker('tag', 'omni-test/nginx:1', 'nginx:alpine')
  await write('cluster.toml', CLUSTER)
  const started = await cli('server', 'start', '--config', 'cluster.toml', '--listen', '127.0.0.1:0')
  expect(started.code, started.stderr).toBe(0)
  url = JSON.parse((await cli('server', 'status', '-o', 'json')).stdout).url
  token = 'abc123-of-the-administrator'
})
afterAll(async () => {
  if (host === undefined) return
  const services: {name: string}[] = JSON.parse((await cli('get', 'services', '-o', 'json')).stdout)
  for (const {name} of services) await cli('delete', 'service', name, '--yes', '--purge')
  await cli('server', 'stop', '--workloads', 'stop')
  await removeHome(home)
})

guide('secrets: set, list, use', async () => {
  const set = await omni(['secrets', 'set', 'DB_URL', 's3cret'], {home, env, cwd: await folder('services/myapp')})
  expect(set.code, set.stderr).toBe(0)
  const list = await omni(['secrets', 'list'], {home, env, cwd: await folder('services/myapp')})
  expect(list.stdout).toContain('DB_URL')
  expect(list.stdout).not.toContain('s3cret')
})

guide('service configuration: orca deploy, orca status', async () => {
  await write('services/myapp/service.toml', MY_APP)

  const deployed = await cli('deploy')

  expect(deployed.code, deployed.stderr).toBe(0)
  expect((await cli('status')).stdout).toMatch(/my-app\s+running\s+2\/2/)
  const inspected = JSON.parse((await docker('inspect', 'orca-my-app-0', 'orca-my-app-1')).stdout)
  expect(inspected).toMatchObject([
    {
      HostConfig: {Memory: 512 * 1024 ** 2, NanoCpus: 1e9},
      Config: {Env: expect.arrayContaining(['DATABASE_URL=s3cret'])},
    },
    {Config: {Labels: {'orca.managed': 'true', 'orca.network': 'myapp'}}},
  ])
  expect(Object.keys(inspected[0].NetworkSettings.Networks).sort()).toEqual(['orca-internal', 'orca-myapp'])
  expect(JSON.stringify(await call('GET', '/api/v1/services/my-app'))).not.toContain('s3cret')
})

guide('scale, logs, stop', async () => {
  expect((await cli('scale', 'my-app', '1')).code).toBe(0)
  expect((await cli('logs', 'my-app', '--tail', '100')).stdout).toContain('listening on 8080')
  expect((await cli('stop', 'my-app')).code).toBe(0)
  expect((await cli('start', 'my-app')).code).toBe(0)
})

guide('the deploy payload, then verify', async () => {
  const payload = {
    services: [
      {
        name: 'my-nginx',
        project: 'frontend',
        image: 'nginx:alpine',
        replicas: 2,
        port: 80,
        domain: 'www.example.com',
        health: '/healthz',
        env: {KEY: `\${secrets.KEY}`},
        resources: {memory: '512Mi', cpu: 1.0},
        internal: true,
        placement: {node: 'worker-1'},
      },
    ],
  }
  const refused = await call('POST', '/api/v1/deploy', payload)
  expect(refused.status).toBe(500)
  expect(refused.text).toContain('KEY')
  expect((await omni(['secrets', 'set', 'KEY', '--project', 'frontend'], {home, env, input: 'value'})).code).toBe(0)

  const response = await call('POST', '/api/v1/deploy', payload)

  expect(response.json()).toEqual({deployed: ['my-nginx'], errors: []})
  await waitUntilRunning('my-nginx')
  expect((await visit('www.example.com')).stdout).toContain('hello')
})

guide.each([
  ['abc123-of-the-administrator', {deploy: true, stop: true, read: true, drain: true}],
  ['def456-of-the-pipeline', {deploy: true, stop: true, read: true, drain: false}],
  ['ghi789-of-the-dashboard', {deploy: false, stop: false, read: true, drain: false}],
])('RBAC: %s', async (bearer, may) => {
  const isAllowed = async (method: string, path: string, body?: unknown) =>
    ![401, 403].includes((await call(method, path, body, bearer)).status)

  expect({
    deploy: await isAllowed('POST', '/api/v1/deploy', {services: []}),
    stop:
      (await isAllowed('DELETE', '/api/v1/services/ghost')) &&
      (await isAllowed('POST', '/api/v1/services/ghost/scale', {replicas: 1})),
    read: (await isAllowed('GET', '/api/v1/status')) && (await isAllowed('GET', '/api/v1/services/ghost/logs')),
    drain: await isAllowed('POST', '/api/v1/cluster/nodes/7/drain'),
  }).toEqual(may)
})

guide('tokens: create --name gitea-ci --role deployer, list', async () => {
  const created = await cli('token', 'create', '--name', 'ci', '--role', 'deployer')
  expect(created.code, created.stderr).toBe(0)
  const bearer = created.stdout.trim()
  expect((await call('POST', '/api/v1/deploy', {services: []}, bearer)).status).toBe(200)
  expect((await call('POST', '/api/v1/cluster/nodes/7/drain', undefined, bearer)).status).toBe(403)
  const list = await cli('token', 'list')
  expect(list.stdout).toMatch(/ci\s+deployer/)
  expect(list.stdout).not.toContain(bearer)
})

guide('canary: deploy, split 80 to 20, promote', async () => {
  const api = (image: string, version: string, deploy = '') =>
    `[[service]]\nname = "api"\nimage = "${image}"\nport = 8080\ndomain = "api.example.com"\n${deploy}\n[service.env]\nVERSION = "${version}"\n`
  await write('services/api/service.toml', api('myapp:v1', 'v1'))
  expect((await cli('deploy', 'api')).code).toBe(0)
  await write(
    'services/api/service.toml',
    api('myapp:v2', 'v2', '[service.deploy]\nstrategy = "canary"\ncanary_weight = 20    # 20% traffic to new version'),
  )

  const deployed = await cli('deploy', 'api')

  expect(deployed.code, deployed.stderr).toBe(0)
  const answers: Record<string, number> = {}
  for (let index = 0; index < 50; index++) {
    const {stdout} = await visit('api.example.com')
    answers[stdout] = (answers[stdout] ?? 0) + 1
  }
  expect(answers).toEqual({v1: 40, v2: 10})
  expect((await cli('promote', 'api')).code).toBe(0)
  expect((await visit('api.example.com')).stdout).toBe('v2')
  expect(await containersOf('api')).toHaveLength(1)
})

guide('rolling update: change the image, orca deploy', async () => {
  const before = await containersOf('api')
  await write(
    'services/api/service.toml',
    `[[service]]\nname = "api"\nimage = "myapp:v2"\nport = 8080\ndomain = "api.example.com"\n`,
  )
  expect((await cli('deploy', 'api')).code).toBe(0)
  expect(await containersOf('api')).not.toEqual(before)
  expect((await cli('rollback', 'api')).code).toBe(0)
})

guide('git push deploy: orca webhooks add, then a push', async () => {
  const added = await cli(
    'webhooks',
    'add',
    '--repo',
    'org/myapp',
    '--service',
    'my-app',
    '--branch',
    'main',
    '-o',
    'json',
  )
  expect(added.code, added.stderr).toBe(0)
  const {secret} = JSON.parse(added.stdout)
  const body = JSON.stringify({
    ref: 'refs/heads/main',
    repository: {full_name: 'org/myapp'},
    head_commit: {id: '1a2b3c4d5e6f', message: 'x'},
  })
  const signature = `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`
  const push = await fetch(`${url}/api/v1/webhooks/github`, {
    method: 'POST',
    headers: {'content-type': 'application/json', 'x-hub-signature-256': signature, 'x-github-event': 'push'},
    body,
  })
  expect([push.status, await push.json()]).toEqual([200, {deployed: ['my-app'], errors: []}])
  expect((await cli('releases', 'my-app')).stdout).toContain('git push 1a2b3c4d')
})

guide('cross-service communication: same project by alias, other project by internal', async () => {
  const db = `[[service]]\nname = "shop-db"\nimage = "myorg/myapp:latest"\nport = 8080\naliases = ["db"]\ninternal = true\n`
  const web = `[[service]]\nname = "shop-web"\nimage = "myorg/myapp:latest"\nport = 8080\n`
  const other = `[[service]]\nname = "other-app"\nimage = "myorg/myapp:latest"\nport = 8080\ninternal = true\n`
  await write('services/shop/service.toml', db + web)
  await write('services/other/service.toml', other)
  expect((await cli('deploy', 'shop-db', 'shop-web', 'other-app')).code).toBe(0)
  const reach = (from: string, to: string) =>
    docker('exec', from, 'node', '-e', `fetch('http://${to}:8080/healthz').then(r=>r.text()).then(console.log)`)

  expect((await reach('orca-shop-web', 'db')).stdout.trim()).toBe('ok')
  expect((await reach('orca-other-app', 'orca-shop-db')).stdout.trim()).toBe('ok')
  expect((await reach('orca-other-app', 'orca-shop-web')).code).not.toBe(0)
})

guide('incident response: what used too much memory says OOMKilled in its logs', async () => {
  const config = {
    name: 'greedy',
    image: 'myorg/myapp:latest',
    port: 8080,
    domain: 'greedy.example.com',
    resources: {memory: '96Mi'},
  }
  expect((await call('POST', '/api/v1/deploy', {services: [config]})).status).toBe(200)
  for (let crash = 0; crash < 3; crash++) await visit('greedy.example.com', '/eat')

  const logs = await poll({everyMs: 250, timeoutMs: 30_000}, async () => {
    const {text} = await call('GET', '/api/v1/services/greedy/logs?tail=50')
    return text.includes('OOMKilled') && text
  })

  expect(logs).toContain('OOMKilled')
  const larger = {...config, resources: {memory: '256Mi'}}
  expect((await call('POST', '/api/v1/deploy', {services: [larger]})).status).toBe(200)
  await waitUntilRunning('greedy')
})

guide('monitoring: the key metrics', async () => {
  const {text} = await call('GET', '/metrics')
  expect(text).toMatch(/^orca_services_total \d+$/m)
  expect(text).toMatch(/^orca_instances_total\{service="my-app",project="myapp",status="running"\} \d+$/m)
  expect(text).toMatch(/^orca_nodes_total 1$/m)
})

guide('persistent state: services survive a restart of the server, untouched', async () => {
  const before = (await docker('inspect', '-f', '{{.Id}} {{.State.StartedAt}}', 'orca-my-app')).stdout
  expect((await cli('server', 'stop')).code).toBe(0)
  expect((await cli('server', 'start', '--listen', '127.0.0.1:0')).code).toBe(0)
  url = JSON.parse((await cli('server', 'status', '-o', 'json')).stdout).url
  await waitUntilRunning('my-app')
  expect((await docker('inspect', '-f', '{{.Id}} {{.State.StartedAt}}', 'orca-my-app')).stdout).toBe(before)
})

/** A folder of the project, which the secrets of a folder belong to. */
async function folder(path: string): Promise<string> {
  const dir = join(home, 'orca', path)
  await mkdir(dir, {recursive: true})
  await writeFile(join(dir, 'service.toml'), MY_APP)
  return dir
}
