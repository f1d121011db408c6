import {serviceSpec} from '@omni-cli/sdk'
import {expect, it} from 'vitest'
import {INFERENCE_SERVICE} from '../../src/provider/inference/names.ts'
import {model, openFakeLab, runtime} from './lab.ts'

const chat = {name: 'chat', model: 'tiny', minReplicas: 1, maxReplicas: 1}
const objects = [model('tiny'), runtime('fast', 'tiny')]
const app = serviceSpec.parse({name: 'chat', image: 'acme/web:1', port: 80})

it('an application cannot get the name of a served model', async () => {
  await using lab = await openFakeLab({objects})
  await lab.serving.deploy(chat)

  await expect(lab.engine.update('chat', app)).rejects.toMatchObject({
    code: 'CONFLICT',
    message: "'chat' is a served model in 'default'",
  })
})

it('a model cannot get the name of an application, whose address would be taken away', async () => {
  await using lab = await openFakeLab({objects})
  await lab.engine.create(app)

  await expect(lab.serving.plan(chat)).rejects.toMatchObject({
    code: 'CONFLICT',
    message: "'chat' is the name of something else in 'default': Deployment, Service",
  })
  expect(lab.kube.read('inferenceservices.ome.io', 'chat', 'default')).toBeUndefined()
})

it('two services of one name are not both removed by it', async () => {
  await using lab = await openFakeLab({objects, hasOperator: false})
  await lab.serving.deploy(chat, {wait: false})
  await lab.engine.create(app)

  await expect(lab.engine.remove('chat')).rejects.toMatchObject({code: 'CONFLICT'})

  expect(lab.kube.read('inferenceservices.ome.io', 'chat', 'default')).toBeDefined()
  expect(lab.kube.read('deployments.apps', 'chat', 'default')).toBeDefined()
})

it('a name that is too long for the labels of its pods is refused before anything is asked', async () => {
  await using lab = await openFakeLab({objects})

  await expect(lab.serving.plan({...chat, name: 'a'.repeat(57)})).rejects.toMatchObject({
    code: 'USAGE',
    message: expect.stringContaining('at most 56 are allowed'),
  })
  expect((await lab.serving.plan({...chat, name: 'a'.repeat(56)})).action).toBe('create')
})

it('who stops waiting is told that the service stays', async () => {
  await using lab = await openFakeLab({objects, hasOperator: false})
  const stop = new AbortController()
  const deployed = lab.serving.deploy(chat, {signal: stop.signal, onProgress: () => stop.abort()})

  await expect(deployed).rejects.toMatchObject({
    code: 'ABORTED',
    message: "interrupted while waiting; what was asked of 'chat' stays, and goes on by itself",
    hint: 'omni status service chat',
  })
})

it('a deploy that another one has changed meanwhile does not say that it was done', async () => {
  await using lab = await openFakeLab({objects})
  let isChanged = false
  const change = () => {
    if (isChanged) return
    isChanged = true
    const place = {kind: INFERENCE_SERVICE, namespace: 'default', name: 'chat'}
    void lab.client.patch(place, {spec: {engine: {minReplicas: 2, maxReplicas: 2}}}, {type: 'merge'})
  }

  await expect(lab.serving.deploy(chat, {onProgress: change})).rejects.toMatchObject({
    code: 'CONFLICT',
    message: expect.stringContaining('spec.engine.minReplicas: 1 → 2'),
  })
})
