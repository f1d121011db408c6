import {expect, it} from 'vitest'
import {type FakeLab, model, openFakeLab, runtime} from './lab.ts'

const spec = {name: 'chat', model: 'tiny', minReplicas: 1, maxReplicas: 1}
const objects = [model('tiny'), model('next'), runtime('fast', 'tiny', {hasRouter: true}), runtime('other', 'next')]

const isvc = ({kube}: FakeLab) => kube.read('inferenceservices.ome.io', 'chat', 'default')
const engine = ({kube}: FakeLab) => kube.read('deployments.apps', 'chat-engine', 'default')

it('a model is deployed, scaled, updated, restarted, stopped, started and removed', async () => {
  await using lab = await openFakeLab({objects})
  const call = {onProgress: lab.onProgress}

  const plan = await lab.serving.plan(spec)
  expect(plan).toMatchObject({action: 'create', runtime: 'fast', runtimeBy: 'selected', gpus: 0, obstacles: []})

  const made = await lab.serving.deploy(spec, call)
  expect(made).toMatchObject({status: 'running', runningReplicas: 1, serving: {model: 'tiny', runtime: 'fast'}})
  expect(isvc(lab)?.spec.router).toEqual({minReplicas: 1, maxReplicas: 1})
  expect(lab.notes[0]).toBe('created; runtime fast')
  expect((await lab.serving.plan(spec)).action).toBe('keep')

  expect(await lab.engine.scale('chat', 2, call)).toMatchObject({status: 'running', runningReplicas: 2})
  expect(isvc(lab)?.spec.engine).toMatchObject({minReplicas: 2, maxReplicas: 2})

  const change = {model: 'next', runtime: 'auto'}
  expect((await lab.serving.planUpdate('chat', change)).changes).toEqual([
    'spec.model.name: tiny → next',
    'spec.router.minReplicas: 1 → none',
    'spec.router.maxReplicas: 1 → none',
  ])
  expect((await lab.serving.update('chat', change, call)).serving).toMatchObject({model: 'next', runtime: 'other'})

  const before = (await lab.engine.get('chat'))?.replicas.map(({release}) => release)
  const restarted = await lab.engine.restart('chat', call)
  expect(restarted.replicas.map(({release}) => release)).not.toEqual(before)

  const stopped = await lab.engine.stop('chat', call)
  expect(stopped).toMatchObject({status: 'stopped', desiredReplicas: 0, replicas: []})

  expect(await lab.engine.start('chat', call)).toMatchObject({status: 'running', runningReplicas: 2})
  expect(Object.keys(isvc(lab)?.metadata.annotations ?? {})).not.toContain('omni.stopped-from')
  expect(engine(lab)?.spec.replicas).toBe(2)

  await lab.engine.remove('chat', call)
  expect(isvc(lab)).toBeUndefined()
  await lab.engine.remove('chat', call)
}, 30_000)

it('a list knows what the operator made, and counts one request for each kind', async () => {
  await using lab = await openFakeLab({objects})
  await lab.serving.deploy(spec)
  const from = lab.kube.requests.length

  const services = await lab.engine.list({allProjects: true})

  expect(services).toMatchObject([{name: 'chat', project: 'default', status: 'running', serving: {runtime: 'fast'}}])
  const asked = lab.kube.requests.slice(from).filter(({url}) => /\/inferenceservices|ome\.io%2F/.test(url))
  expect(asked).toHaveLength(2)
})

it.each([
  [
    'an image that is not there',
    {waiting: 'ErrImagePull', message: 'not found'},
    /cannot pull the image 'acme\/vllm:1'.*not found/,
  ],
  [
    'a program that ends again and again',
    {waiting: 'CrashLoopBackOff', restarts: 3},
    /ends.*again and again \(3 restarts\)/,
  ],
])('a deploy ends with the cause as soon as it is certain: %s', async (_, fate, cause) => {
  await using lab = await openFakeLab({objects, fateOf: () => ({ready: false, ...fate})})

  await expect(lab.serving.deploy(spec)).rejects.toMatchObject({
    code: 'DEPLOY_FAILED',
    message: expect.stringMatching(cause),
  })
  expect(await lab.engine.get('chat')).toMatchObject({
    status: 'failed',
    serving: {reason: expect.stringMatching(cause)},
  })
})

it('a service that is slow to become ready is given up after its time, with what it waits for', async () => {
  await using lab = await openFakeLab({objects, fateOf: () => ({ready: false})})

  await expect(lab.serving.deploy(spec, {timeoutMs: 300})).rejects.toMatchObject({
    code: 'TIMEOUT',
    message: expect.stringMatching(/'chat' is not ready after 300ms/),
  })
})

it('nothing is made of what cannot work', async () => {
  await using lab = await openFakeLab({objects})

  await expect(lab.serving.deploy({...spec, model: 'none'})).rejects.toMatchObject({code: 'NOT_FOUND'})
  await expect(lab.serving.deploy({...spec, runtime: 'other'})).rejects.toMatchObject({code: 'CONFLICT'})
  await expect(lab.serving.deploy({...spec, name: '7up'})).rejects.toMatchObject({code: 'USAGE'})
  await expect(lab.serving.deploy({...spec, minReplicas: 0})).rejects.toMatchObject({code: 'UNSUPPORTED'})
  expect(isvc(lab)).toBeUndefined()
})

it('what the webhook of the operator says is part of the plan, and its refusal the error', async () => {
  const admit = ({kind, metadata}: {kind: string; metadata: {name: string}}) => {
    if (kind !== 'InferenceService') return undefined
    return metadata.name === 'bad' ? {denied: 'the operator says no'} : {warnings: ['selected runtime fast']}
  }
  await using lab = await openFakeLab({objects, admit})

  expect((await lab.serving.plan(spec)).warnings).toContain('selected runtime fast')
  await expect(lab.serving.plan({...spec, name: 'bad'})).rejects.toThrow('the operator says no')
})

it('without OME there are no such services, and a deploy says what is missing', async () => {
  await using lab = await openFakeLab({ome: false, hasOperator: false})

  expect(await lab.engine.list()).toEqual([])
  expect(await lab.engine.get('chat')).toBeUndefined()
  await expect(lab.serving.deploy(spec)).rejects.toMatchObject({code: 'UNSUPPORTED', hint: 'omni cluster health'})
})

it('a protected context shows the plan and makes nothing', async () => {
  await using lab = await openFakeLab({objects, isProtected: true, hasOperator: false})

  expect((await lab.serving.plan(spec)).action).toBe('create')
  await expect(lab.serving.deploy(spec)).rejects.toMatchObject({code: 'FORBIDDEN'})
  expect(isvc(lab)).toBeUndefined()
})
