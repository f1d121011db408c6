import {describe, expect, it} from 'vitest'
import {runtime} from '../../catalog/objects.ts'
import {kubeconfig, openLab} from './lab.ts'

describe.skipIf(kubeconfig === undefined)('runtimes of a real cluster', () => {
  it('makes a runtime from another, typed by the served schema, and tests it', async () => {
    await using here = await openLab()
    const base = await here.put(runtime('base', 4, {modelSizeRange: {min: '60B', max: '75B'}}))
    const name = `copy-${here.id}`
    const from = {runtime: base}
    const tools = here.catalog.runtimeTools
    const wrong = tools?.render({name, from, set: ['spec.engineConfig.runner.imagePullPolcy=Always']})
    await expect(wrong).rejects.toMatchObject({code: 'USAGE', hint: "did you mean 'imagePullPolicy'?"})
    await expect(tools?.render({name, from, set: ['spec.engineConfig.minReplicas=two']})).rejects.toMatchObject({
      code: 'USAGE',
    })

    await tools?.create({name, from, set: ['gpus=64', 'spec.engineConfig.minReplicas=2']})
    here.owns('ClusterServingRuntime', name)

    expect(await here.catalog.runtimes.get(name)).toMatchObject({gpus: 64, tensorParallel: 64, engine: 'vllm'})
    const checks = (await tools?.test(name))?.checks ?? []
    const statusOf = (check: string) => checks.find((one) => one.name === check)?.status
    expect([statusOf('schema'), statusOf('server'), statusOf('sizes'), statusOf('parallelism')]).toEqual([
      'ok',
      'ok',
      'ok',
      'ok',
    ])
    expect(checks.find((one) => one.name === 'devices')?.status).toBe('failed')
  })

  it('a dry run makes nothing', async () => {
    await using here = await openLab()
    const base = await here.put(runtime('dry', 1))
    await here.catalog.runtimeTools?.create({name: `dry-copy-${here.id}`, from: {runtime: base}}, {dryRun: true})

    expect(await here.catalog.runtimes.get(`dry-copy-${here.id}`)).toBeUndefined()
    const render = (name: string, set: string[] = []) =>
      here.catalog.runtimeTools?.render({name, from: {runtime: base}, set})
    await expect(render('Bad_Name')).rejects.toMatchObject({code: 'INVALID'})
    await expect(render(base)).rejects.toMatchObject({code: 'CONFLICT'})
    await expect(render('fine', ['metadata.namespace=kube-system'])).rejects.toMatchObject({code: 'USAGE'})
  })
})
