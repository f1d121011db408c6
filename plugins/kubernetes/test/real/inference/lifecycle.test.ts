import {randomBytes} from 'node:crypto'
import {poll} from '@omni-cli/sdk'
import {type KubeObject, startOmeSimulator} from '@omni-cli/testkit'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {INFERENCE_SERVICE} from '../../../src/provider/inference/names.ts'
import {model, openView, runtime, type View} from '../../inference/lab.ts'

const kubeconfig = process.env.OMNI_TEST_KUBECONFIG
const id = randomBytes(3).toString('hex')
const namespace = `serving-${id}`
const named = (name: string) => `${name}-${id}`
// A first process without a handler never ends of a signal.
const SERVES =
  'trap "exit 0" TERM; mkdir -p /tmp/www/v1; echo "{}" >/tmp/www/v1/models; httpd -f -p 8080 -h /tmp/www & wait'
const image = 'omni-test/busybox:1'

const RUNTIMES: readonly KubeObject[] = [
  runtime(named('good'), named('tiny'), {image, command: ['sh', '-c', SERVES]}),
  runtime(named('absent'), named('unpulled'), {image: 'omni-test/NONE:1'}),
  runtime(named('crashing'), named('crash'), {image, command: ['sh', '-c', 'echo cannot load the weights; exit 3']}),
  runtime(named('greedy'), named('huge'), {image, command: ['sh', '-c', SERVES], gpus: 64}),
]
const MODELS = ['tiny', 'unpulled', 'crash', 'huge'].map((name) => model(named(name)))

/** The namespace, the models and runtimes, an operator for them, and what the commands see. */
async function openRealLab() {
  const view = await openView({kubeconfig: kubeconfig ?? '', cluster: 'omni-test', namespace})
  const {client} = view
  const objects = [...MODELS, ...RUNTIMES]
  const kindOf = async ({apiVersion, kind}: KubeObject) => {
    const found = await client.findKind({apiVersion, kind})
    if (found === undefined) throw new Error(`${kind} is not served`)
    return found
  }
  const place: KubeObject = {apiVersion: 'v1', kind: 'Namespace', metadata: {name: namespace}}
  for (const object of [place, ...objects]) {
    await client.create(await kindOf(object), {...object, metadata: {...object.metadata}})
  }
  const operator = await startOmeSimulator({
    ...{cluster: {kubeconfig: kubeconfig ?? '', context: 'omni-test'}, namespaces: [namespace]},
    ...{owns: (name: string) => name.endsWith(id), omeNamespace: namespace},
    download: {totalBytes: 10, files: 1, steps: 1, stepMs: 1},
  })
  return {
    ...view,
    async close() {
      // Pods whose image has no valid name end late; the namespace takes them along.
      const left = (await view.engine.list()).map(({name}) => name)
      for (const name of left) await client.remove({kind: INFERENCE_SERVICE, name})
      await poll({everyMs: 200, timeoutMs: 30_000}, async () => (await view.engine.list()).length === 0)
      for (const object of objects) await client.remove({kind: await kindOf(object), name: object.metadata.name})
      // Agents take their finalizers off models.
      for (const object of MODELS) {
        const where = {kind: await kindOf(object), name: object.metadata.name}
        await poll({everyMs: 200, timeoutMs: 30_000}, async () => (await client.get(where)) === undefined)
      }
      await operator[Symbol.asyncDispose]()
      await client.remove({kind: await kindOf(place), name: namespace})
      await view[Symbol.asyncDispose]()
    },
  }
}

describe.skipIf(kubeconfig === undefined)('a served model on a real cluster', () => {
  let lab: View & {close(): Promise<void>}
  beforeAll(async () => {
    lab = await openRealLab()
  }, 60_000)
  afterAll(() => lab.close(), 60_000)

  it('is deployed, answers, is scaled, restarted, stopped, started and removed', async () => {
    const name = 'chat'
    const spec = {name, model: named('tiny'), minReplicas: 1, maxReplicas: 1}

    expect(await lab.serving.deploy(spec)).toMatchObject({
      ...{status: 'running', runningReplicas: 1, replicas: [{name: 'chat-0', status: 'ready'}]},
      serving: {model: named('tiny'), runtime: named('good'), runtimeBy: 'selected', size: '1B', vendor: 'acme'},
    })
    expect(await lab.engine.probe?.(name)).toMatchObject([{url: '/v1/models', ok: true, status: 200}])
    expect(await lab.engine.scale(name, 2)).toMatchObject({status: 'running', runningReplicas: 2})

    const before = (await lab.engine.get(name))?.replicas ?? []
    const restarted = await lab.engine.restart(name)
    const serving = restarted.replicas.filter(({status}) => status === 'ready')
    expect(serving.map(({release}) => release === before[0]?.release)).toEqual([false, false])

    expect(await lab.engine.stop(name)).toMatchObject({status: 'stopped', replicas: []})
    expect(await lab.engine.start(name)).toMatchObject({status: 'running', runningReplicas: 2})
    await lab.engine.remove(name)
    expect(await lab.engine.get(name)).toBeUndefined()
  }, 240_000)

  it.each([
    ['unpulled', /cannot pull the image 'omni-test\/NONE:1'/],
    ['crash', /ends with exit code 3 again and again[\s\S]*│ cannot load the weights/],
  ])(
    'that cannot start ends the deploy with the cause: %s',
    async (what, cause) => {
      const spec = {name: what, model: named(what), minReplicas: 1, maxReplicas: 1}

      await expect(lab.serving.deploy(spec, {timeoutMs: 90_000})).rejects.toMatchObject({
        code: 'DEPLOY_FAILED',
        message: expect.stringMatching(cause),
      })
      expect(await lab.engine.get(what)).toMatchObject({status: 'failed'})
    },
    120_000,
  )

  it('that needs more devices than there are is told so before, and while it waits', async () => {
    const spec = {name: 'huge', model: named('huge'), minReplicas: 1, maxReplicas: 1}

    const {obstacles, gpus} = await lab.serving.plan(spec)
    expect(gpus).toBe(64)
    expect(obstacles.join()).toMatch(/need 64 devices, .*no node has 64 at all/)
    await lab.serving.deploy(spec, {wait: false})
    await expect(lab.serving.deploy(spec, {timeoutMs: 5_000})).rejects.toMatchObject({
      code: 'TIMEOUT',
      message: expect.stringMatching(/engine: no node has enough free devices/),
    })
  }, 60_000)

  it('whose name is taken by nothing that is there is not found', async () => {
    await expect(lab.engine.scale('nobody', 2)).rejects.toMatchObject({code: 'NOT_FOUND'})
    expect(await lab.engine.get('nobody')).toBeUndefined()
  })
})
