import {isOmniError, poll, type ServiceEngine, type ServiceFailure, type ServiceInput, serviceSpec} from '@omni-cli/sdk'
import {describe, expect, it} from 'vitest'
import type {KubeClient} from '../../../src/client/kube-client.ts'
import type {DeploymentObject} from '../../../src/provider/apps/wire.ts'
import {createServices} from '../../../src/provider/service-engine.ts'
import {kubeconfig, type Lab, openAs, openLab} from './lab.ts'

const specOf = (fields: Partial<ServiceInput> = {}) =>
  serviceSpec.parse({
    ...{name: 'web', image: 'omni-test/app:1', port: 8080, readiness: {path: '/ready', interval_secs: 1}},
    ...{deploy: {drain_secs: 0, ready_timeout_secs: 20}, stop_grace_secs: 1},
    ...fields,
  })

/** How it was rejected. */
async function rejection(work: Promise<unknown>) {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!isOmniError(error)) throw new Error(`not rejected as it should be: ${error}`)
  return error
}

const impatient = {deploy: {drain_secs: 0, ready_timeout_secs: 3}}

describe.skipIf(kubeconfig === undefined).concurrent('deploys on a real cluster that cannot succeed', () => {
  it.each([
    ['ImagePullError', {image: 'omni-test/absent:1', pull_policy: 'never'}, /omni-test\/absent:1/],
    ['NotReady', {readiness: {path: '/nowhere', interval_secs: 1}, env: {ERRORS: '1'}, ...impatient}, /within 3 s/],
    ['Unschedulable', {resources: {cpu: 64}, ...impatient}, /needs 64 cpus, largest free [\d.]+ cpus on node1/],
    ['StartFailed', {command: ['/no/such/program'], entrypoint: ['/no/such/program']}, /no such file/],
  ] as const)('%s: nothing of it stays, and why is told', {timeout: 90_000}, async (reason, fields, message) => {
    await using lab = await openLab()

    const error = await rejection(lab.engine.create(specOf(fields as Partial<ServiceInput>)))

    expect(error.code).toBe('DEPLOY_FAILED')
    const failure = error.details as ServiceFailure
    expect(failure).toMatchObject({reason, message: expect.stringMatching(message)})
    expect(await lab.engine.get('web')).toMatchObject({status: 'failed', replicas: [], lastFailure: {reason}})
    const deployed = await lab.engine.update('web', specOf())
    expect(deployed).toMatchObject({status: 'running', release: 'r2'})
  })

  it('an interrupted deploy leaves the version that serves', {timeout: 90_000}, async () => {
    await using lab = await openLab()
    const before = await lab.engine.create(specOf())
    const stop = new AbortController()
    const slow = specOf({env: {BOOT_MS: '60000'}, deploy: {drain_secs: 0, ready_timeout_secs: 60}})
    const deploy = lab.engine.update('web', slow, {signal: stop.signal, onProgress: () => stop.abort()})

    expect((await rejection(deploy)).code).toBe('ABORTED')
    const after = await lab.engine.get('web')
    expect(after).toMatchObject({status: 'running', release: 'r1'})
    expect(after?.replicas.map(({address}) => address)).toEqual(before.replicas.map(({address}) => address))
    expect(await lab.engine.releases?.list('web')).toMatchObject([
      {id: 'r2', status: 'failed', failure: {reason: 'Interrupted'}},
      {id: 'r1', status: 'active'},
    ])
  })

  it('a deploy that was killed is told and mended by the next one', {timeout: 90_000}, async () => {
    await using lab = await openLab()
    const before = await lab.engine.create(specOf())
    // It never hears of what it waits for, and nobody cleans up behind it.
    const deaf: KubeClient = {...lab.client, watch: () => ({[Symbol.asyncIterator]: () => ({next: forever})})}
    createServices(deaf)
      .update('web', specOf({env: {EXIT: '7'}}))
      .catch(() => undefined)
    await poll({everyMs: 100, timeoutMs: 20_000}, async () => (await lab.engine.get('web'))?.lastFailure !== undefined)
    expect(await lab.engine.get('web')).toMatchObject({release: 'r1', lastFailure: {reason: 'CrashLoopBackOff'}})

    const error = await rejection(lab.engine.update('web', specOf({env: {EXIT: '8'}})))

    expect(error).toMatchObject({code: 'DEPLOY_FAILED', details: {exit: {code: 8}}})
    const after = await lab.engine.get('web')
    expect(after).toMatchObject({status: 'running', release: 'r1', runningReplicas: 1})
    expect(after?.replicas.map(({address}) => address)).toEqual(before.replicas.map(({address}) => address))
    expect(await lab.engine.releases?.list('web')).toMatchObject([
      {id: 'r3', status: 'failed'},
      {id: 'r2', status: 'failed', failure: {reason: 'Interrupted'}},
      {id: 'r1', status: 'active'},
    ])
  })
})

describe.skipIf(kubeconfig === undefined).concurrent('a real cluster that others share', () => {
  it('who may not read Secrets still sees what runs', {timeout: 60_000}, async () => {
    await using lab = await openLab()
    await lab.engine.create(specOf({env: {API_TOKEN: 'hush'}}))
    const looker = await openLooker(lab)

    expect(await looker.list()).toMatchObject([{name: 'web', status: 'running', spec: {image: 'omni-test/app:1'}}])
    expect(await looker.get('web')).toMatchObject({release: 'r1', runningReplicas: 1})
    expect((await rejection(looker.scale('web', 2))).code).toBe('CONFLICT')
  })

  it('a Deployment that somebody else has made is not touched', {timeout: 60_000}, async () => {
    await using lab = await openLab()
    const kind = await lab.client.findKind('deployments')
    if (kind === undefined) throw new Error('no Deployments')
    const foreign = {
      ...{apiVersion: 'apps/v1', kind: 'Deployment', metadata: {name: 'web', namespace: lab.namespace}},
      spec: {
        replicas: 0,
        selector: {matchLabels: {app: 'x'}},
        template: {metadata: {labels: {app: 'x'}}, spec: {containers: [{name: 'x', image: 'x'}]}},
      },
    }
    await lab.client.create(kind, foreign)

    const error = await rejection(lab.engine.create(specOf()))

    expect(error).toMatchObject({code: 'CONFLICT', message: expect.stringContaining("Deployment 'web'")})
    expect(await lab.engine.get('web')).toBeUndefined()
    await lab.engine.remove('web')
    expect(await lab.client.get({kind, name: 'web'})).toBeDefined()
  })

  it('nobody may do more in it than the cluster lets him', async () => {
    await using lab = await openLab({cluster: 'omni-test-viewer'})
    expect((await rejection(createServices(lab.client).create(specOf()))).code).toBe('FORBIDDEN')
  })
})

describe.skipIf(kubeconfig === undefined).concurrent('services on a real cluster', () => {
  it('no request fails while a version replaces another one', {timeout: 90_000}, async () => {
    await using lab = await openLab()
    const page = (version: string) =>
      specOf({
        ...{image: 'omni-test/busybox:1', replicas: 2, env: {VERSION: version}, readiness: undefined},
        deploy: {drain_secs: 2, ready_timeout_secs: 30},
      })
    await lab.engine.create(page('v1'))
    const stop = new AbortController()
    const load = requests(lab, stop.signal)

    await lab.engine.update('web', page('v2'))
    stop.abort()

    const {done, failed} = await load
    expect(failed).toEqual([])
    expect(done).toBeGreaterThan(20)
  })

  it('what is taken out of the file is gone from the pods', {timeout: 90_000}, async () => {
    await using lab = await openLab()
    const deploy = {drain_secs: 1, ready_timeout_secs: 30}
    await lab.engine.create(specOf({health: '/healthz', liveness: {path: '/healthz'}, env: {A: '1'}, deploy}))

    await lab.engine.update('web', specOf({readiness: undefined}))

    const kind = await lab.client.findKind('deployments')
    const found = kind && (await lab.client.get<DeploymentObject>({kind, name: 'web'}))
    const containers = found?.spec.template.spec?.containers
    const container: unknown = Array.isArray(containers) ? containers[0] : undefined
    expect(container).toHaveProperty('readinessProbe')
    for (const field of ['livenessProbe', 'startupProbe', 'lifecycle']) expect(container).not.toHaveProperty(field)
    expect(container).toHaveProperty('env', [{name: 'PORT', value: '8080'}])
  })

  it('secrets come from the Secret of the service, jobs run at their times', {timeout: 90_000}, async () => {
    await using lab = await openLab()
    const spec = specOf({env: {DB: `u:\${secrets.PASS}@h`, VERSION: '$(x)'}})
    const missing = await rejection(lab.engine.create(spec))
    expect(missing).toMatchObject({code: 'UNSUPPORTED', message: expect.stringContaining("Secret 'web-secrets'")})
    const kind = await lab.client.findKind('secrets')
    if (kind === undefined) throw new Error('no Secrets')
    const metadata = {name: 'web-secrets', namespace: lab.namespace}
    await lab.client.create(kind, {apiVersion: 'v1', kind: 'Secret', metadata, stringData: {PASS: 'hush'}})

    await lab.engine.create(spec)

    let printed = ''
    await lab.engine.exec?.run('web', ['sh', '-c', 'echo "$DB $VERSION"'], {
      onStdout: (chunk) => {
        printed += chunk.toString()
      },
    })
    expect(printed).toBe('u:hush@h $(x)\n')
    const {port: _, readiness: __, ...job} = specOf({name: 'job', triggers: ['cron: 0 0 2 * * *']})
    expect(await lab.engine.create(job)).toMatchObject({status: 'running', desiredReplicas: 0})
    expect(await lab.engine.stop('job')).toMatchObject({status: 'stopped'})
    expect(await lab.engine.start('job')).toMatchObject({status: 'running'})
    expect((await rejection(lab.engine.scale('job', 2))).code).toBe('CONFLICT')
  })
})

const forever = () => new Promise<never>(() => undefined)

/** A user who may look at everything of applications but Secrets. */
async function openLooker(lab: Lab): Promise<ServiceEngine> {
  const {client, namespace} = lab
  const rbac = `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}`
  const metadata = {name: 'looker'}
  const verbs = ['get', 'list', 'watch']
  const rules = [
    {apiGroups: ['apps'], resources: ['deployments'], verbs},
    {apiGroups: [''], resources: ['pods'], verbs},
  ]
  await client.request({method: 'POST', path: `${rbac}/roles`, body: {metadata, rules}})
  const roleRef = {apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'looker'}
  const subjects = [{kind: 'User', name: 'looker'}]
  await client.request({method: 'POST', path: `${rbac}/rolebindings`, body: {metadata, roleRef, subjects}})
  return createServices(await openAs(lab, 'looker'))
}

/** Requests without a pause to the addresses that the cluster calls ready, as its proxy sends them. */
async function requests({client, namespace}: Lab, signal: AbortSignal) {
  const failed: string[] = []
  let done = 0
  let addresses: string[] = []
  const kind = await client.findKind('endpoints')
  if (kind === undefined) throw new Error('no Endpoints')
  const follow = async () => {
    for await (const {type, object} of client.watch(kind, {namespace, fields: 'metadata.name=web', signal})) {
      if (type === 'synced') continue
      const {subsets = []} = object as {subsets?: {addresses?: {ip: string}[]}[]}
      addresses = subsets.flatMap((subset) => subset.addresses ?? []).map(({ip}) => ip)
    }
  }
  const following = follow()
  await poll({everyMs: 20, timeoutMs: 10_000}, () => addresses.length === 2)
  while (!signal.aborted) {
    const address = addresses[done % addresses.length]
    try {
      const response = await fetch(`http://${address}:8080/`, {signal: AbortSignal.timeout(5000)})
      if (response.status >= 500) failed.push(`${address}: ${response.status}`)
      await response.arrayBuffer()
    } catch (error) {
      failed.push(`${address}: ${error}`)
    }
    done++
  }
  await following
  return {done, failed}
}
