import {randomBytes} from 'node:crypto'
import {writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {afterAll, beforeAll, expect, it, vi} from 'vitest'
import {writeApp} from '../app-folder.ts'
import {createHome, omni, removeHome, run} from '../harness.ts'

// The service file of `omni up` on a real cluster: the same verbs as on the embedded engine.
const kubeconfig = process.env.OMNI_TEST_KUBECONFIG
const namespace = `apps-e2e-${randomBytes(3).toString('hex')}`

let home: string
let shop: string
const env = {KUBECONFIG: kubeconfig, USER: 'ann'}
const cli = (...args: string[]) => omni(args, {home, env, cwd: shop, timeoutMs: 90_000})
const kubectl = (...args: string[]) => run(['kubectl', '--context', 'omni-test', '-n', namespace, ...args], {home, env})

const plan = (more = '') => `services:
  web:
    image: omni-test/app:1
    port: 8080
    replicas: 2
    readiness: {path: /ready, interval_secs: 1}
    env: {VERSION: v1, API_TOKEN: tOp-S3cret${more}}
    stop_grace_secs: 1
    deploy: {drain_secs: 0, ready_timeout_secs: 30}
`
const write = (text: string) => writeFile(join(shop, 'omni.yaml'), text)

/** Runs it and expects it to end well; what it printed as JSON. */
const json = async (...args: string[]) => {
  const {code, stdout, stderr} = await cli(...args, '-o', 'json')
  expect(code, stderr).toBe(0)
  return JSON.parse(stdout)
}

const service = async () => (await json('get', 'services', 'web'))[0]

vi.setConfig({testTimeout: 120_000, hookTimeout: 120_000})
const cluster = it.skipIf(kubeconfig === undefined)

beforeAll(async () => {
  if (kubeconfig === undefined) return
  home = await createHome()
  shop = await writeApp(home, 'shop', {'omni.yaml': plan()})
  await writeApp(home, '.ome', {
    'config.yaml': `contexts: [{name: k, cluster: omni-test, namespace: ${namespace}}]\n`,
  })
  const made = await kubectl('create', 'namespace', namespace)
  expect(made.code, made.stderr).toBe(0)
})
afterAll(async () => {
  if (kubeconfig === undefined) return
  await kubectl('delete', 'namespace', namespace, '--wait=false')
  await removeHome(home)
})

cluster('up runs the services of a file, seen ready and asked, and finds nothing to change again', async () => {
  const first = await json('up')

  expect(first).toMatchObject({
    ok: true,
    services: [{name: 'web', status: 'running', runningReplicas: 2, release: 'r1'}],
  })
  expect(first.answers[0].endpoints).toMatchObject([{ok: true}, {ok: true}])
  const again = await json('up')
  expect(again.operations).toMatchObject([{ref: 'service/web', action: 'keep'}])
})

cluster('a value that looks like a secret is in a Secret, and in no output', async () => {
  const deployment = (await kubectl('get', 'deployment', 'web', '-o', 'yaml')).stdout
  expect(deployment).toContain('secretKeyRef')
  expect(deployment).not.toContain('tOp-S3cret')
  expect((await cli('exec', 'web', '--', 'sh', '-c', 'echo $API_TOKEN')).stdout).toBe('tOp-S3cret\n')
  for (const args of [
    ['describe', 'service', 'web'],
    ['get', 'services', '-o', 'json'],
    ['releases', 'web', '-o', 'json'],
  ]) {
    expect((await cli(...args)).stdout).not.toContain('tOp-S3cret')
  }
})

cluster('a version that crashes is refused with its exit and last lines, and the old one serves on', async () => {
  const before = (await service()).replicas.map((replica: {address: string}) => replica.address)
  await write(plan(', EXIT: "7"'))

  const failed = await cli('deploy')

  expect(failed.code).toBe(9)
  expect(failed.stderr).toContain('exited with code 7')
  expect(failed.stderr).toContain('broken on purpose')
  expect(failed.stderr).toContain('release r1 still serves with 2 of 2 replicas')
  const after = await service()
  expect(after).toMatchObject({status: 'running', release: 'r1', runningReplicas: 2})
  expect(after.replicas.map((replica: {address: string}) => replica.address)).toEqual(before)
})

cluster('a new version, the one before, and who made them', async () => {
  await write(plan().replace('v1', 'v2'))
  expect((await cli('deploy', 'web')).code).toBe(0)
  expect((await cli('rollback', 'web')).code).toBe(0)

  const releases = await json('releases', 'web')

  expect(releases).toMatchObject([
    {id: 'r4', status: 'active', reason: 'rollback to r1', actor: 'ann'},
    {id: 'r3', status: 'superseded', reason: 'deploy'},
    {id: 'r2', status: 'failed', failure: {reason: 'CrashLoopBackOff', exit: {code: 7}}},
    {id: 'r1', status: 'superseded'},
  ])
  const logs = await cli('logs', 'web', '--tail', '5')
  expect(logs.stdout, logs.stderr).toContain('version v1 starts')
})

cluster('scale, stop, start and status agree', async () => {
  expect((await cli('scale', 'web', '1')).code).toBe(0)
  expect((await cli('stop', 'web')).code).toBe(0)
  expect((await cli('status')).stdout).toMatch(/web\s+stopped/)
  expect((await cli('start', 'web')).code).toBe(0)
  expect(await service()).toMatchObject({status: 'running', runningReplicas: 1, desiredReplicas: 1})
})

cluster('what a cluster cannot honour is refused with every field, before anything is made', async () => {
  await write(`services:
  odd: {image: omni-test/app:1, port: 8080, host_port: 80, user: www-data, restart_policy: "no", extra_ports: ["22:22"]}
  fine: {image: omni-test/app:1}
`)

  const refused = await cli('apply', '--yes')

  expect(refused.code).toBe(6)
  for (const field of ['host_port', 'user', 'restart_policy', 'extra_ports'])
    expect(refused.stderr).toContain(`${field}:`)
  expect((await kubectl('get', 'deployment,secret', '-o', 'name')).stdout).not.toMatch(/odd|fine/)
})

cluster('a folder without an image is refused, with the commands that make one', async () => {
  const folder = await writeApp(home, 'site', {
    'package.json': '{"name":"site","scripts":{"start":"node ."}}',
    'index.js': '',
  })

  const refused = await omni(['up', folder], {home, env, cwd: home})

  expect(refused.code).toBe(6)
  expect(refused.stderr).toContain("service 'site' is made of sources")
  expect(refused.stderr).toContain('omni build')
  expect(refused.stderr).toContain('--push')
})

cluster('delete leaves nothing of the service', async () => {
  expect((await cli('delete', 'service', 'web', '--yes')).code).toBe(0)
  const left = await kubectl(
    'get',
    'deployment,service,secret',
    '-l',
    'app.kubernetes.io/managed-by=omni',
    '-o',
    'name',
  )
  expect(left.stdout).toBe('')
  expect((await cli('delete', 'service', 'web', '--yes')).code).toBe(4)
})
